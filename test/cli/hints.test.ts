import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { root } from '../support/program.ts';

const program = createProgram({
  run: () => () => Promise.resolve(),
  startDaemon: () => Promise.resolve(),
  version: '',
});

/** The words after `palyra` in what the program says to people, and the flags behind them. */
const named = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/\.(test|fixture)\.ts$/.test(file))
  .flatMap((file) => {
    const source = readFileSync(join(root, 'src', file), 'utf8');
    return [...source.matchAll(/\bpalyra ((?:[a-z]+(?:-[a-z]+)*(?: |\b))+)(.*?)(?=[.;] |['"`]|$)/gm)].map(
      ([, words = '', rest = '']) => ({ file, words: words.trim().split(' '), rest }),
    );
  })
  .filter(({ words: [first] }) => program.commands.some((command) => command.name() === first));

/** As many of the words as are commands. */
function commandOf(words: readonly string[]): CommandUnknownOpts {
  let command: CommandUnknownOpts = program;
  for (const word of words) {
    const child = command.commands.find((candidate) => candidate.name() === word);
    if (!child) break;
    command = child;
  }
  return command;
}

it('names only commands and flags that there are, wherever it tells a person what to do', () => {
  const wrong = named.flatMap(({ file, words, rest }) => {
    const command = commandOf(words);
    const known = ['--help', ...command.options.map(({ long }) => long)];
    const flags = (rest.match(/--[a-z-]+/g) ?? []).filter((flag) => !known.includes(flag));
    const isWhole = command.commands.length === 0 || rest.includes('--help');
    return isWhole && flags.length === 0 ? [] : [`${file}: palyra ${words.join(' ')} ${flags.join(' ')}`];
  });

  expect(named.length).toBeGreaterThan(30);
  expect(wrong).toEqual([]);
});
