import { afterEach, expect, it } from 'vitest';
import { createDiscordAdapter } from '../../src/connectors/discord/adapter.ts';
import type { ConnectorAdapter } from '../../src/connectors/connector.ts';
import { openDiscordWorld } from '../support/discord-daemon.ts';
import { gapsSettled, hasty, heard, saidIn, talk } from '../support/discord-scene.ts';
import { closeAll } from '../support/egress.ts';

afterEach(closeAll);

it('what a deaf gateway did not tell of is read back in a new session', async () => {
  const adapter = createDiscordAdapter({ everyMs: 50, graceMs: 0 }) as ConnectorAdapter;
  const world = await openDiscordWorld({}, { config: hasty, adapters: [adapter] });
  const { fake, daemon, user } = world;
  const dm = fake.dm(user);
  await talk(world, 'first');

  fake.faults.dispatch('lose', 'MESSAGE_CREATE');
  fake.say({ channel: dm, author: user, content: 'can you hear me' });
  await fake.until(() => saidIn(world, dm).length === 2);
  await talk(world, 'good');

  expect(saidIn(world, dm)).toEqual(['echo: first', 'echo: can you hear me', 'echo: good']);
  expect(await heard(daemon)).toEqual(['first', 'can you hear me', 'good']);
  const cause = 'The gateway did not tell of a message that is there.';
  expect(await gapsSettled(world)).toContainEqual(
    expect.objectContaining({ scope: '0/1', cause, state: 'read_back', recovered: 1 }),
  );
  // Resumed, it would have been as deaf as before.
  expect(fake.gateway.journal.of('resumed')).toEqual([]);
});
