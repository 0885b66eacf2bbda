import type { NextFence } from '../../../lib/split-text.ts';

const mark = '```';

/**
 * Discord takes three backticks for a code block wherever they stand, also in a list or in the middle of a
 * line, and nothing else; the next three end it. A word between them and the end of the line is its language.
 */
export const nextDiscordFence: NextFence = (open, line) => {
  let fence = open;
  for (let at = line.indexOf(mark); at >= 0; at = line.indexOf(mark, at + mark.length)) {
    const language = /^[a-z0-9_+.#-]+$/i.exec(line.slice(at + mark.length).trimEnd())?.[0] ?? '';
    fence = fence ? undefined : { marker: mark, opening: `${mark}${language}` };
  }
  return fence;
};
