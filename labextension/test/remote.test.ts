import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isRemote, plainDiagrams, setIsRemote, styleIsRemote } from '../src/core/remote';

const page = 'http://localhost:8888/lab/tree/a.ipynb';

test('another origin is remote, however it is written', () => {
  for (const address of ['https://evil.test/?d=1', '//evil.test/x', '\\\\evil.test/x', ' ht\ntps://evil.test', 'https://']) {
    assert.equal(isRemote(address, page), true, address);
  }
});

test('data, blobs and what is relative are not', () => {
  const own = ['data:image/png;base64,AA', 'blob:http://localhost:8888/1', 'plot.png', '/files/plot.png', page];
  assert.deepEqual(
    own.filter(address => isRemote(address, page)),
    []
  );
});

test('one remote candidate makes a set remote', () => {
  assert.equal(setIsRemote('a.png 1x, https://evil.test/a.png 2x', page), true);
  assert.equal(setIsRemote('a.png 1x, data:image/png;base64,AA 2x', page), false);
});

test('CSS that asks for something is found, also when it is escaped', () => {
  for (const css of ['background: url(//evil.test)', 'x: u\\72l(//evil.test)', '@import "//evil.test"', 'URL ("x")']) {
    assert.equal(styleIsRemote(css), true, css);
  }
  assert.equal(styleIsRemote('color: red; background: url("data:image/png;base64,AA")'), false);
});

test('a diagram that names an image is code', () => {
  const diagram = '```mermaid\nflowchart TD\nA@{ img: "https://evil.test" }\n```';
  assert.equal(plainDiagrams(diagram), diagram.replace('mermaid', 'text'));
  const plain = '```mermaid\nflowchart TD\nA --> B\n```';
  assert.equal(plainDiagrams(plain), plain);
});
