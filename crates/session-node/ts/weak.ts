// References that keep nothing alive, where the runtime has them; elsewhere its instances live no longer anyway.

/** A thing for as long as somebody else holds it. */
export interface Weakly<T> {
  deref(): T | undefined;
}

export function weakly<T extends object>(value: T): Weakly<T> {
  return typeof WeakRef === "undefined" ? { deref: () => value } : new WeakRef(value);
}
