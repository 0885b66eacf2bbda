import type { OutboundOperation } from '../../../domain/outbound.ts';
import { splitText } from '../../../lib/split-text.ts';
import type { DiscordConfig } from '../config.ts';
import { type ExtraFile, type Extras, parseExtras } from './extras.ts';
import { nextDiscordFence } from './fences.ts';
import { contentMax, repeatLabel } from './render.ts';

type Send = Extract<OutboundOperation, { op: 'send' }>;

/** So that what may be a repeat can be labelled without being cut again. */
const partMax = contentMax - repeatLabel.length;
/** What stands above the file of a text that is too long. */
const previewMax = 1_000;
const filesMax = 10;
const fileName = 'message.md';

/**
 * Cuts a message at natural boundaries into as many as Discord takes. Discord counts characters of Unicode
 * (https://github.com/discord/discord-api-docs/issues/1315), of which there are never more than UTF-16 units.
 * Extras stay with the first part. With `overflow` "file", a text that would take more than
 * `overflowAfterParts` messages becomes one with the whole text as a file.
 * @throws AppError `unsupported` when the extras cannot be shown.
 */
export function splitSend(
  operation: Send,
  { overflow, overflowAfterParts }: Pick<DiscordConfig, 'overflow' | 'overflowAfterParts'> = {
    overflow: 'split',
    overflowAfterParts: 1,
  },
): readonly Send[] {
  const { text } = operation;
  const extras = operation.extras === undefined ? undefined : parseExtras(operation.extras);
  const texts = splitText(text, partMax, undefined, nextDiscordFence);
  const files = extras?.files ?? [];
  if (overflow === 'file' && texts.length > overflowAfterParts && files.length < filesMax)
    return [withFile(operation, extras ?? {}, files)];
  return texts.map((part, index) =>
    index === 0 ? { ...operation, text: part } : { op: 'send', text: part },
  );
}

function withFile(operation: Send, extras: Extras, files: readonly ExtraFile[]): Send {
  const [preview = ''] = splitText(operation.text, previewMax, undefined, nextDiscordFence);
  const whole = { name: fileName, contentType: 'text/markdown', text: operation.text };
  return {
    ...operation,
    text: `${preview}\n-# The whole text is in ${fileName}.`,
    extras: { ...extras, files: [...files, whole] },
  };
}
