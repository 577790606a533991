/** A code in groups that can be read out; what is shown of it to others stays as it is. */
export function grouped(code: string): string {
  return /^[0-9A-Z]{10}$/.test(code) ? `${code.slice(0, 5)}-${code.slice(5)}` : code;
}
