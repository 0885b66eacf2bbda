import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ask } from './ask.ts';
import type { Prompt } from './prompt.ts';

/** A terminal of which the test holds the keyboard, and sees the screen. */
class Screen {
  readonly input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  readonly output = Object.assign(new PassThrough(), { isTTY: true, columns: 100, rows: 40 });
  shown = '';

  constructor() {
    this.output.on('data', (chunk: Buffer) => (this.shown += chunk.toString('utf8')));
  }

  /** What the person answers by pressing these keys, one after the other. */
  async answer<Asked extends Prompt>(prompt: Asked, ...keys: readonly string[]): Promise<unknown> {
    const answer = ask(prompt, this);
    for (const key of keys) {
      await turn();
      this.input.write(key);
    }
    return answer;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const enter = '\r';
const down = '\x1b[B';
const space = ' ';
const ctrlC = '\x03';
const backspace = '\x7f';

const options = [
  { value: 'a', label: 'The first' },
  { value: 'b', label: 'The second' },
  { value: 'c', label: 'The third' },
];

describe('a person at a terminal', () => {
  it('types a secret that is not shown', async () => {
    const screen = new Screen();

    const answer = await screen.answer({ kind: 'secret', message: 'The token' }, 'a-se', 'cret', enter);

    expect(answer).toBe('a-secret');
    expect(screen.shown).toContain('The token');
    expect(screen.shown).not.toMatch(/a-se|cret/);
  });

  it('types a text', async () => {
    const prompt = { kind: 'text', message: 'Which?', initial: '' } as const;

    expect(await new Screen().answer(prompt, '7, 8', enter)).toBe('7, 8');
    expect(await new Screen().answer(prompt, enter)).toBe('');
  });

  it('takes, changes or deletes what is there', async () => {
    const prompt = { kind: 'text', message: 'Which?', initial: 'ab' } as const;

    expect(await new Screen().answer(prompt, enter)).toBe('ab');
    expect(await new Screen().answer(prompt, 'c', enter)).toBe('abc');
    expect(await new Screen().answer(prompt, backspace, backspace, enter)).toBe('');
  });

  it('says yes or no', async () => {
    const no = { kind: 'yes_no', message: 'Shall it?', initial: false } as const;

    expect(await new Screen().answer(no, enter)).toBe(false);
    expect(await new Screen().answer(no, 'y')).toBe(true);
    expect(await new Screen().answer({ ...no, initial: true }, enter)).toBe(true);
  });

  it('chooses one, beginning where it is now', async () => {
    const prompt = { kind: 'choice', message: 'Which?', options, initial: 'b' } as const;

    expect(await new Screen().answer(prompt, enter)).toBe('b');
    expect(await new Screen().answer(prompt, down, enter)).toBe('c');
    expect(await new Screen().answer({ ...prompt, initial: undefined }, enter)).toBe('a');
  });

  it('chooses any number, none included', async () => {
    const prompt = { kind: 'choices', message: 'Which?', options, initial: ['a', 'c'] } as const;

    expect(await new Screen().answer(prompt, enter)).toEqual(['a', 'c']);
    expect(await new Screen().answer(prompt, space, down, space, enter)).toEqual(['c', 'b']);
    expect(await new Screen().answer({ ...prompt, initial: ['a'] }, space, enter)).toEqual([]);
  });

  it.each<Prompt>([
    { kind: 'secret', message: 'x' },
    { kind: 'text', message: 'x', initial: '' },
    { kind: 'yes_no', message: 'x', initial: true },
    { kind: 'choice', message: 'x', options },
    { kind: 'choices', message: 'x', options, initial: [] },
  ])('may go away from $kind with Ctrl-C', async (prompt) => {
    expect(await new Screen().answer(prompt, ctrlC)).toBeUndefined();
  });

  it('is shown nothing raw of what somebody else has named', async () => {
    const screen = new Screen();
    const evil = [{ value: 'a', label: 'evil\x1b]0;owned\x07 label\x9b31m' }];

    await screen.answer({ kind: 'choice', message: 'Which\x1b[2J?', options: evil }, enter);

    expect(screen.shown).not.toContain('\x1b]0;');
    expect(screen.shown).not.toContain('\x1b[2J?');
    expect(screen.shown).not.toContain('\x9b');
  });
});
