import { afterEach, expect, it } from 'vitest';
import { good } from '../support/cli.ts';
import { type TestDaemon, until } from '../support/daemon.ts';
import { connector, openDiscordWorld } from '../support/discord-daemon.ts';
import { talk } from '../support/discord-scene.ts';
import { closeAll } from '../support/egress.ts';
import { parseMetrics } from '../support/prometheus.ts';

afterEach(closeAll);

/** What each surface says of the account. */
async function told(daemon: TestDaemon) {
  const { status, reception } = await daemon.api('GET /channels/{id}', { params: { id: connector } });
  const { channels } = await daemon.api('GET /status');
  const { checks } = await daemon.api('GET /doctor');
  const up = parseMetrics(await (await daemon.request('/metrics')).text()).get('palyra_connector_up');
  return {
    state: status.state,
    reception,
    receiving: channels.find(({ id }) => id === connector)?.receiving,
    check: checks.find(({ name }) => name === `connector ${connector}`),
    up: up?.samples.find(({ labels }) => labels.connector === connector)?.value,
    shown: await good(daemon, 'channels', 'status', connector),
    listed: await good(daemon, 'channels', 'list'),
    glance: await good(daemon, 'status'),
  };
}

function untilReceiving(daemon: TestDaemon, ok: boolean): Promise<true> {
  return until(async () => {
    const { reception } = await daemon.api('GET /channels/{id}', { params: { id: connector } });
    return reception?.ok === ok || undefined;
  });
}

it('a gateway that is down inside a live session is told by every surface, and so is its return', async () => {
  const world = await openDiscordWorld();
  const { fake, daemon } = world;
  const before = await told(daemon);

  for (let nth = 0; nth < 1_000; nth++) fake.faults.connect({ kind: 'refuse', status: 503 });
  fake.gateway.live()[0]?.drop();
  await untilReceiving(daemon, false);
  const down = await told(daemon);
  fake.faults.clear();
  await untilReceiving(daemon, true);
  const back = await told(daemon);

  for (const well of [before, back]) {
    expect(well).toMatchObject({ state: 'running', receiving: true, up: 1, check: { level: 'ok' } });
    expect(well.shown).toMatch(/receiving +since /);
    expect(`${well.listed}${well.glance}`).not.toContain('not receiving');
  }
  const why = /1 of 1 connections to the gateway down, the first 0\/1: The connection was closed with 1006/;
  expect(down).toMatchObject({ state: 'running', receiving: false, up: 0, check: { level: 'warn' } });
  expect(down.reception).toMatchObject({ ok: false, detail: expect.stringMatching(why) as string });
  expect(down.check?.detail).toMatch(why);
  expect(down.shown).toMatch(/receiving +not since .*1 of 1 connections/);
  expect(down.listed).toMatch(/discord:default +running, not receiving/);
  expect(down.glance).toMatch(/discord:default +running, not receiving/);
  await talk(world, 'and on it goes');
});
