// Bytes and texts, by what every runtime has.

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** UTF-8 as text; what is none becomes a replacement character. */
export function utf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

export function toUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** One character a byte. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  // A call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

/** One byte a character. */
export function fromLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** The bytes of base64url; throws if it is none. */
export function fromBase64Url(text: string): Uint8Array {
  return fromLatin1(atob(text.replace(/-/g, "+").replace(/_/g, "/")));
}

export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
