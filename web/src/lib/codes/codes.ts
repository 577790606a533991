/**
 * Voucher codes as people type them and as doors scan them: the rules of `dibs_realtime/vouchers/codes.py`, letter by
 * letter. Both pass the recorded cases of `tests/vectors/codes.json`.
 */

/** Characters of the longest code there may be. */
export const LONGEST = 32;
/** Characters of the shortest one. */
export const SHORTEST = 4;

// What Python calls white space. JavaScript's own set differs in six characters.
const SPACE = '\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const AROUND = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, 'gu');
const ADDRESS = new RegExp(`^https?://[^${SPACE}]+/v/([^/?#${SPACE}]+)/?(?:[?#][^\\n]*)?$`, 'iu');
const CODE = /^[0-9A-Z]{4,32}$/;
const ASCII = /^[\x00-\x7f]*$/;
const ALIKE: Readonly<Record<string, string>> = { O: '0', I: '1', L: '1', ' ': '', '-': '' };

/** The one spelling of what is alike: no case, no spaces or dashes, `O` is 0, `I` and `L` are 1. */
export function folded(raw: string): string {
  if (!ASCII.test(raw)) return raw;
  return stripped(raw)
    .toUpperCase()
    .replace(/[OIL -]/g, (letter) => ALIKE[letter] ?? letter);
}

/** The one spelling of a code; null for what cannot be one (4 to 32 of 0-9 and A-Z are left). */
export function normalise(raw: string): string | null {
  const code = folded(raw);
  return CODE.test(code) ? code : null;
}

/** The code in what was scanned or typed: a voucher's address in any case, or the code alone. */
export function read(scanned: string): string | null {
  const text = stripped(scanned);
  const address = ADDRESS.exec(text);
  return normalise(address?.[1] ?? text);
}

/** A code as people read it out: in groups of five, or of four where that leaves no stray character. */
export function grouped(code: string): string {
  const size = code.length % 5 === 1 || (code.length % 5 !== 0 && code.length % 4 === 0) ? 4 : 5;
  return code.match(new RegExp(`.{1,${size}}`, 'g'))?.join(' ') ?? '';
}

function stripped(text: string): string {
  return text.replace(AROUND, '');
}
