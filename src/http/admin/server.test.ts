import { afterAll, expect, it } from 'vitest';
import { openDaemon } from '../../../test/support/daemon.ts';
import { closeAll } from '../../../test/support/egress.ts';
import { rawRequest, send } from '../../../test/support/hooks.ts';

afterAll(closeAll);

it('an address may stand behind a host, as proxies write it', async () => {
  const daemon = await openDaemon();
  const headers = { authorization: `Bearer ${daemon.token}`, connection: 'close' };

  const answer = await send(
    daemon.adminUrl,
    rawRequest('GET http://elsewhere.test/admin/v1/status', headers),
  );

  expect(answer.status).toBe(200);
});
