// RealtimeUtils: audio, base64 and ids.

import assert from 'node:assert/strict';
import test from 'node:test';

import { RealtimeUtils } from './support/package.js';

test('floatTo16BitPCM clips, and writes little-endian', () => {
  const pcm = RealtimeUtils.floatTo16BitPCM(new Float32Array([0, 1, -1, 2, -2, 0.5, -0.5]));
  assert.ok(pcm instanceof ArrayBuffer);
  const view = new DataView(pcm);
  const samples = Array.from({ length: 7 }, (_, index) => view.getInt16(index * 2, true));
  assert.deepEqual(samples, [0, 0x7fff, -0x8000, 0x7fff, -0x8000, 0x3fff, -0x4000]);
});

test('base64 goes there and back', () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
  const base64 = RealtimeUtils.arrayBufferToBase64(bytes.buffer);
  assert.equal(base64, Buffer.from(bytes).toString('base64'));
  assert.ok(RealtimeUtils.base64ToArrayBuffer(base64) instanceof ArrayBuffer);
  assert.deepEqual(new Uint8Array(RealtimeUtils.base64ToArrayBuffer(base64)), bytes);
  assert.equal(RealtimeUtils.arrayBufferToBase64(new ArrayBuffer(0)), '');
});

test('base64 of samples is that of their bytes, and floats become PCM16', () => {
  assert.equal(RealtimeUtils.arrayBufferToBase64(new Int16Array([1, -2])), Buffer.from([1, 0, 0xfe, 0xff]).toString('base64'));
  assert.equal(RealtimeUtils.arrayBufferToBase64(new Float32Array([1])), Buffer.from([0xff, 0x7f]).toString('base64'));
});

test('base64 of a view holds its own samples only', () => {
  const whole = new Int16Array([1, 2, 3, 4]);
  assert.equal(RealtimeUtils.arrayBufferToBase64(whole.subarray(1, 3)), RealtimeUtils.arrayBufferToBase64(new Int16Array([2, 3])));
});

test('mergeInt16Arrays joins arrays and buffers, and wants nothing else', () => {
  const [left, right] = [new Int16Array([1, 2]), new Int16Array([3])];
  assert.deepEqual(RealtimeUtils.mergeInt16Arrays(left, right), new Int16Array([1, 2, 3]));
  assert.deepEqual(RealtimeUtils.mergeInt16Arrays(left.buffer, right.buffer), new Int16Array([1, 2, 3]));
  for (const wrong of [[1], null, undefined, new Float32Array(1), new Uint8Array(2)]) {
    assert.throws(() => RealtimeUtils.mergeInt16Arrays(left, wrong), /Both items must be Int16Array/);
    assert.throws(() => RealtimeUtils.mergeInt16Arrays(wrong, right), /Both items must be Int16Array/);
  }
});

test('generateId makes ids of a length that includes the prefix', () => {
  assert.match(RealtimeUtils.generateId('evt_'), /^evt_[1-9A-HJ-NP-Za-km-z]{17}$/);
  assert.match(RealtimeUtils.generateId('x', 30), /^x[1-9A-HJ-NP-Za-km-z]{29}$/);
  assert.match(RealtimeUtils.generateId('', 5), /^[1-9A-HJ-NP-Za-km-z]{5}$/);
  const ids = new Set(Array.from({ length: 1_000 }, () => RealtimeUtils.generateId('evt_')));
  assert.equal(ids.size, 1_000);
});

test('wrong types are TypeErrors that name the argument', () => {
  assert.throws(() => RealtimeUtils.floatTo16BitPCM([0]), { name: 'TypeError', message: /float32Array/ });
  assert.throws(() => RealtimeUtils.base64ToArrayBuffer(1), { name: 'TypeError', message: /base64/ });
  assert.throws(() => RealtimeUtils.arrayBufferToBase64('AAAA'), { name: 'TypeError', message: /arrayBuffer/ });
  assert.throws(() => RealtimeUtils.generateId(1), { name: 'TypeError', message: /prefix/ });
});
