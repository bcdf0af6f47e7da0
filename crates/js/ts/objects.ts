/** An object with members, and no array. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Vue makes a proxy of every object that is put into its state, and behind a proxy an object does not find its private
 * members. It leaves alone what has this mark, which is that of its own `markRaw`.
 */
export function keepRaw(of: { readonly prototype: object }): void {
  Object.defineProperty(of.prototype, '__v_skip', { value: true });
}
