import { describe, expect, it } from 'vitest';
import { applicationId, SessionBench } from '../session/session.fixture.ts';
import { Catalogue } from './catalogue.ts';
import { CommandSync } from './sync.ts';

const commands = Catalogue.parse([{ name: 'deploy', description: 'Deploys something' }]);

/** Brings the platform up to the catalogue, and says which applications were told something. */
async function run(bench: SessionBench, application: string): Promise<readonly unknown[]> {
  const before = bench.rest.requests.length;
  const { host, rest, closing } = bench;
  await new CommandSync({ host, rest, applicationId: application, commands }).run(closing.signal);
  return bench.rest.requests.slice(before).map(({ params }) => params.application);
}

describe('the catalogue', () => {
  it('is registered for each application once, also when the account goes over to another', async () => {
    const bench = new SessionBench();

    const told = [
      await run(bench, applicationId),
      await run(bench, applicationId),
      await run(bench, '42'),
      await run(bench, '42'),
    ];

    expect(told).toEqual([[applicationId], [], ['42'], []]);
  });
});
