/** Opening a voucher's seal with its code: one stretched derivation gives the index and the key. See docs/offline.md. */

/** Bytes of one sealed voucher: index 8, ordinal 4, nonce 12, sealed 34, tag 16. */
export const RECORD = 74;
const PLACE = 12;
const NONCE = 12;

export interface Stretched {
  /** The first 8 bytes: where in the book it is. */
  readonly index: Uint8Array<ArrayBuffer>;
  readonly key: CryptoKey;
}

export interface Content {
  /** The end of the offer's id: 16 hexadecimal digits. */
  readonly offerTail: string;
  readonly maxUses: number;
  /** Null: nobody's, or a guest without a name. */
  readonly guestName: string | null;
}

/** Stretches a code as the book says: PBKDF2-HMAC-SHA256, 32 bytes. */
export async function stretch(
  code: string,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number,
): Promise<Stretched> {
  const typed = new TextEncoder().encode(code);
  const base = await crypto.subtle.importKey('raw', typed, 'PBKDF2', false, ['deriveBits']);
  const how = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations };
  const derived = new Uint8Array(await crypto.subtle.deriveBits(how, base, 256));
  const key = await crypto.subtle.importKey('raw', derived.slice(16), 'AES-GCM', false, [
    'decrypt',
  ]);
  return { index: derived.slice(0, 8), key };
}

/** Opens a record. Null: this key does not fit it. */
export async function open(
  record: Uint8Array<ArrayBuffer>,
  key: CryptoKey,
): Promise<Content | null> {
  const how = {
    name: 'AES-GCM',
    iv: record.subarray(PLACE, PLACE + NONCE),
    additionalData: record.subarray(0, PLACE),
  };
  let plain: Uint8Array;
  try {
    plain = new Uint8Array(await crypto.subtle.decrypt(how, key, record.subarray(PLACE + NONCE)));
  } catch {
    return null;
  }
  const name = new TextDecoder().decode(plain.subarray(10)).replace(/\0+$/, '');
  return {
    offerTail: hex(plain.subarray(0, 8)),
    maxUses: new DataView(plain.buffer).getUint16(8),
    guestName: name === '' ? null : name,
  };
}

/** The tail of an id that records hold. */
export const tailOf = (id: string): string => id.replaceAll('-', '').slice(16);

export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export function unhex(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++)
    bytes[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}
