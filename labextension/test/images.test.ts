import assert from 'node:assert/strict';
import { test } from 'node:test';

import { shownSeconds, timeLeft } from '../src/core/countdown';
import { base64, imageFault, imageType, LARGEST_IMAGE, looksLikeImage, MOST_IMAGES } from '../src/core/images';
import { trans } from './dialogwords';

const bytes = (text: string) => Uint8Array.from(text, c => c.charCodeAt(0));

test('an image is known by its content', () => {
  assert.equal(imageType(bytes('\x89PNG\r\n\x1a\n....')), 'image/png');
  assert.equal(imageType(bytes('\xff\xd8\xff\xe0....')), 'image/jpeg');
  assert.equal(imageType(bytes('GIF89a....')), 'image/gif');
  assert.equal(imageType(bytes('RIFF\x10\0\0\0WEBPVP8 ')), 'image/webp');
  assert.equal(imageType(bytes('RIFF\x10\0\0\0WAVEfmt ')), null);
  assert.equal(imageType(bytes('<svg xmlns=')), null);
  assert.equal(imageType(bytes('')), null);
});

test('a file is tried as an image by its name', () => {
  assert.ok(looksLikeImage('plots/a.PNG') && looksLikeImage('b.jpeg') && looksLikeImage('c.webp'));
  assert.ok(!looksLikeImage('png') && !looksLikeImage('a.png.txt') && !looksLikeImage('a.svg'));
});

test('what an image may not be is said in words, with its name', () => {
  const png = 'image/png';
  assert.equal(imageFault(trans, 'a.png', png, LARGEST_IMAGE, MOST_IMAGES - 1), null);
  assert.match(imageFault(trans, 'a.tiff', null, 10, 0) ?? '', /“a.tiff” is not a PNG, JPEG, GIF or WebP image/);
  assert.equal(imageFault(trans, 'a.png', png, 7_240_000, 0), '“a.png” has 7.2 MB. An image may have at most 5 MB.');
  assert.match(imageFault(trans, 'a.png', png, 10, MOST_IMAGES) ?? '', /at most 10 images/);
});

test('bytes of any length become base64', () => {
  assert.equal(base64(bytes('Man')), 'TWFu');
  const long = new Uint8Array(100_000).fill(7);
  assert.equal(atob(base64(long)).length, 100_000);
});

test('a countdown goes by minute, then by ten seconds, then by second, and never says less than is left', () => {
  const shown = [130_000, 61_000, 60_000, 51_200, 20_000, 10_100, 10_000, 6_400, 0, -5].map(ms =>
    timeLeft(trans, ms).replace('\u00a0', ' ')
  );
  assert.deepEqual(shown, ['3 min', '2 min', '60 s', '60 s', '20 s', '20 s', '10 s', '7 s', '0 s', '0 s']);
  assert.equal(shownSeconds(59_999), 60);
});
