import { expect, test } from 'vitest';
import { seal, unseal } from '../../src/sealed.ts';

const value = { format: 2, text: 'é"\\', list: [1, null, { a: 1e21 }], none: {} };

test('a sealed value comes back, and is JSON for others', () => {
  expect(unseal(seal(value))).toEqual(value);
  expect(JSON.parse(Buffer.from(seal(value)).toString())).toEqual({
    crc: expect.stringMatching(/^[0-9a-f]{8}$/),
    ...value,
  });
});

test('a sealed value is read from the middle of other bytes', () => {
  const sealed = seal(value);
  const among = Buffer.concat([Buffer.from('xxx'), sealed, Buffer.from('yyy')]);
  expect(unseal(among.subarray(3, 3 + sealed.length))).toEqual(value);
});

test('a seal is broken by any bit, any end that is missing, and any byte too many', () => {
  const sealed = seal(value);
  for (let bit = 0; bit < 8 * sealed.length; bit++) {
    const flipped = Uint8Array.from(sealed);
    flipped[bit >> 3] ^= 1 << (bit & 7);
    expect(unseal(flipped), `bit ${bit}`).toBeUndefined();
  }
  for (let length = 0; length < sealed.length; length++) {
    expect(unseal(sealed.subarray(0, length)), `${length} bytes`).toBeUndefined();
  }
  expect(unseal(Buffer.concat([sealed, Buffer.from(' ')]))).toBeUndefined();
});

test.each(['', 'null', '7', '{}', '{"crc":"00000000"}', '{"crc":"00000000",', '{"format":2}'])(
  '%j has no seal',
  (text) => {
    expect(unseal(Buffer.from(text))).toBeUndefined();
  },
);
