import assert from 'node:assert/strict';
import { test } from 'node:test';

import { buttonWords, choiceWords } from '../src/core/permission';
import { argumentLines, isSentence } from '../src/core/shown';
import { trans } from './dialogwords';

const one = { names: ['Run cell'], all: 1 };
const both = { names: ['Write file', 'Run cell'], all: 2 };

test('a permission card says of all its tools what the choice allows', () => {
  assert.equal(choiceWords(trans, 'session', one), 'This tool may run for the rest of this chat.');
  assert.equal(choiceWords(trans, 'workspace', both), 'Both tools may run in all chats of this project.');
  assert.equal(choiceWords(trans, 'session', { names: ['a', 'b', 'c'], all: 3 }), 'These tools may run for the rest of this chat.');
  assert.equal(choiceWords(trans, 'once', both), 'This one time.');
  assert.equal(buttonWords(trans, one), 'Allow');
  assert.equal(buttonWords(trans, both), 'Allow 2 tools');
});

test('a tool that was switched off is in none of the words', () => {
  const half = { names: ['Run cell'], all: 2 };
  assert.equal(choiceWords(trans, 'workspace', half), '“Run cell” may run in all chats of this project.');
  assert.equal(buttonWords(trans, half), 'Allow 1, deny 1');
  assert.equal(choiceWords(trans, 'session', { names: ['a', 'b'], all: 3 }), 'The 2 tools that are on may run for the rest of this chat.');
  const none = { names: [], all: 2 };
  assert.equal(choiceWords(trans, 'session', none), 'None of them runs.');
  assert.equal(buttonWords(trans, none), 'Deny 2 tools');
});

test('code in an argument is read as code, everything else on one line', () => {
  assert.equal(
    argumentLines({ path: 'a.py', code: 'x = 1\n\nif x:\n  y()\n', tags: ['a', 'b'] }),
    'path: "a.py"\ncode:\n  x = 1\n\n  if x:\n    y()\ntags: ["a", "b"]'
  );
  assert.equal(argumentLines({ text: 'one line\n' }), 'text: "one line\\n"');
  assert.equal(argumentLines({}), '');
});

test('a result of one line is a sentence, of more it may be a table', () => {
  assert.ok(isSentence('the project’s folder is empty\n'));
  assert.ok(!isSentence('a | b\n1 | 2'));
});
