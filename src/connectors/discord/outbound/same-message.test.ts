import { expect, it } from 'vitest';
import { readMessage } from '../api-read-message.ts';
import { renderMessage } from './render.ts';
import { isSameMessage } from './same-message.ts';

const self = '1';
const rendered = renderMessage({ text: 'hello' }, { mentions: 'none' });

it.each([
  ['a message', 0, true],
  ['a reply', 19, true],
  ['the answer to a command', 20, true],
  ['the answer to a command on a message', 23, true],
  ['the notice of a new thread', 18, false],
])('takes %s (type %i) for what was sent: %s', (_what, type, isTaken) => {
  const message = readMessage({ id: '7', channel_id: '5', type, content: 'hello', author: { id: self } });

  expect(message && isSameMessage(message, rendered, self)).toBe(isTaken);
});
