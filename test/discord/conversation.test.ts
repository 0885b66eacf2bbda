import { afterEach, describe, expect, it } from 'vitest';
import { openDiscordWorld, repliesIn } from '../support/discord-daemon.ts';
import { closeAll } from '../support/egress.ts';

afterEach(closeAll);

describe('a conversation on Discord', () => {
  it('is answered where the bot is mentioned, as a reply', async () => {
    const { fake, channel, user } = await openDiscordWorld();

    const said = fake.say({ channel, author: user, content: `<@${fake.bot.user.id}> hello` });

    await fake.until(() => repliesIn(fake, channel).length > 0);
    const [reply] = repliesIn(fake, channel);
    expect(reply?.content).toContain('hello');
    expect(reply?.reference?.messageId).toBe(said.id);
  });

  it('is answered in a direct message without a mention', async () => {
    const { fake, user } = await openDiscordWorld();
    const dm = fake.dm(user);

    fake.say({ channel: dm, author: user, content: 'just between us' });

    await fake.until(() => repliesIn(fake, dm).length > 0);
    expect(repliesIn(fake, dm)[0]?.content).toBe('echo: just between us');
  });
});
