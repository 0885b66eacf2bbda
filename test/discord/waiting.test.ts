import { expect, it } from 'vitest';
import { json } from '../support/agent-server.ts';
import { until } from '../support/daemon.ts';
import { openDiscordWorld } from '../support/discord-daemon.ts';
import { hasty, inboxOf, quiet, saidIn, useAgent } from '../support/discord-scene.ts';
import { closing } from '../support/egress.ts';
import { StreamingAgent } from '../support/streaming-agent.ts';

it(
  'what waits for its turn is answered as it is by then, and not when it is gone',
  closing(async () => {
    const world = await openDiscordWorld({}, { config: hasty });
    const { fake, user, daemon } = world;
    const dm = fake.dm(user);
    const agent = await StreamingAgent.open();
    await useAgent(daemon, agent.url);
    const stream = agent.stream();

    fake.say({ channel: dm, author: user, content: 'takes long' });
    const first = await stream;
    const wrong = fake.say({ channel: dm, author: user, content: 'deply' });
    const gone = fake.say({ channel: dm, author: user, content: 'forget it' });
    fake.edit(wrong, 'deploy');
    fake.delete(gone);
    await until(async () => (await inboxOf(daemon)).length === 5 || undefined);
    agent.server.next(json([{ op: 'send', text: 'Deployed.' }]));
    first.send('Done.');
    first.end();
    await fake.until(() => saidIn(world, dm).length === 2);
    await quiet(daemon);

    expect(saidIn(world, dm)).toEqual(['Done.', 'Deployed.']);
    expect(agent.server.seen.map(({ body }) => (JSON.parse(body) as { event: object }).event)).toMatchObject([
      { text: 'takes long' },
      { text: 'deploy' },
    ]);
    const theirs = (await inboxOf(daemon)).filter(
      ({ event }) => 'sender' in event && event.sender.kind !== 'self',
    );
    expect(theirs.map(({ reason }) => reason).toSorted()).toEqual([
      'answered',
      'answered',
      'message_withdrawn',
      'revision_applied',
      'revision_applied',
    ]);
  }),
);
