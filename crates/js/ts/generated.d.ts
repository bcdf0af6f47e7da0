// What is not here until the package is built: `build.js` writes it.

declare module '#bytes' {
  /** The module, packed by DEFLATE, as base64. */
  const packed: string;
  export default packed;
  /** Its bytes, unpacked. */
  export const length: number;
}
