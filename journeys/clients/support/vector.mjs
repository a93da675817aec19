// The public test vector of the vendor's clients. They check a key's signature before they send anything, so a key that
// the vendor signed is the only one they take; this one is published, registered by `authmint dev`, refused by `serve`.

export const PROJECT_ID = "dfb06708-a46f-4615-bd34-f614ae284e7b";

export const CLIENT_KEY =
  "ck_development_A61UZQnvjSQcM5qVBaBactgqebxafWAVsNdD2xLkgBxoYuH5q2guM8r9DUmZQzE1WYyoByGVYpEG2o9gVSzAZFsrLbfKGERUJ6D5CW6S9AsJGAc3ctgrsD4n2ioekzGj7KPbLwT3SysDjMamYXLxEroUbQSdwf6aLF4zeEpECq2crkTUQeLFzxzmjWNxFDHFYefDrfrFPCURvBXJLf5pCxCQ";
