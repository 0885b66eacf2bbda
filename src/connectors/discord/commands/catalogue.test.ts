import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Catalogue,
  type CatalogueCommand,
  hashOf,
  scopesOf,
  suggestionsFor,
  toRegistered,
} from './catalogue.ts';

function command(fields: Partial<CatalogueCommand> = {}): CatalogueCommand {
  return { name: 'deploy', type: 1, description: 'Deploys something', ...fields };
}

describe('a catalogue of commands', () => {
  it.each([
    ['a name with upper case', [command({ name: 'Deploy' })], 'lower-case'],
    ['a typed command without a description', [command({ description: '' })], 'needed for'],
    [
      'a command on a user with a description',
      [command({ type: 2, description: 'x' })],
      'neither description',
    ],
    ['the same name twice in one place', [command(), command()], 'twice'],
    [
      'more than Discord takes',
      Array.from({ length: 101 }, (_none, index) => command({ name: `c${index}` })),
      '100',
    ],
    ['a server that is none', [command({ guilds: ['here'] })], 'id of a server'],
    [
      'suggestions for an option that does not ask for them',
      [command({ options: [{ name: 'to', type: 3, description: 'where', suggestions: ['a'] }] })],
      'autocomplete',
    ],
  ])('refuses %s', (_what, commands, complaint) => {
    const parsed = Catalogue.safeParse(commands);

    expect(parsed.success).toBe(false);
    expect(parsed.error?.issues.map(({ message }) => message).join()).toContain(complaint);
  });

  it('takes the same name in different servers, and what it does not know is passed on', () => {
    const commands = Catalogue.parse([
      { name: 'deploy', description: 'Deploys', guilds: ['1'], nsfw: true },
      { name: 'deploy', description: 'Deploys', guilds: ['2'] },
    ]);

    expect([...scopesOf(commands).keys()]).toEqual(['1', '2']);
    expect(toRegistered(commands)[0]).toEqual({
      name: 'deploy',
      type: 1,
      description: 'Deploys',
      nsfw: true,
    });
  });

  it('has one hash for one meaning, in whatever order it is written', () =>
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 8 }),
        fc.nat(),
        (names, turn) => {
          const commands = names.map((name) => command({ name }));
          const turned = [...commands.slice(turn % names.length), ...commands.slice(0, turn % names.length)];

          expect(hashOf(turned)).toBe(hashOf(commands));
          expect(hashOf([command({ name: `${names[0] ?? ''}-x` }), ...commands.slice(1)])).not.toBe(
            hashOf(commands),
          );
        },
      ),
    ));

  it('offers what fits what was typed, twenty-five at most', () => {
    const suggestions = Array.from({ length: 40 }, (_none, index) => `Stage ${index}`);
    const option = { name: 'to', type: 3, description: 'where', autocomplete: true, suggestions };
    const commands = [command({ options: [option] })];

    expect(suggestionsFor(commands, 'deploy', 'to', 'stage 1')).toEqual(
      suggestions.filter((text) => text.startsWith('Stage 1')),
    );
    expect(suggestionsFor(commands, 'deploy', 'to', '')).toHaveLength(25);
    expect(suggestionsFor(commands, 'deploy', 'from', '')).toBeUndefined();
    expect(suggestionsFor(commands, 'other', 'to', '')).toBeUndefined();
  });
});
