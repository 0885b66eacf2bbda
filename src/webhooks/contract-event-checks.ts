import assert from 'node:assert/strict';
import { type ContractSender, replaced, without } from './contract-sender.ts';
import { refused, verified } from './contract-verdicts.ts';
import { withoutCredentials } from './headers.ts';
import { withValue } from './payload.ts';
import { headersOf, isIdSigned, type WebhookProvider } from './provider.ts';
import { literalsOf, placeholdersOf } from './signed-content.ts';

export function checkDescription(provider: WebhookProvider, { scheme }: ContractSender): void {
  const used = placeholdersOf(scheme.signature.content);
  const names = headersOf(scheme).map((name) => name.toLowerCase());
  assert.match(provider.id, /^[a-z][a-z0-9-]{0,63}$/);
  assert.match(provider.docs, /^https:\/\//);
  assert.ok(provider.title !== '' && provider.payloadBytesMax > 0);
  assert.equal(used.filter((name) => name === 'body').length, 1, 'The body is signed, once.');
  assert.equal(
    used.includes('timestamp'),
    scheme.timestamp !== undefined,
    'A timestamp counts when it is signed.',
  );
  assert.equal(
    used.includes('id') && !(scheme.id && 'header' in scheme.id),
    false,
    'A signed id comes in a header.',
  );
  assert.ok(
    !literalsOf(scheme.signature.content).some((text) => /[{}]/.test(text)),
    'All placeholders are known.',
  );
  assert.equal(new Set(names).size, names.length, 'No header has two meanings.');
  const headers = names.flatMap((name) => [name, 'kept']);
  assert.deepEqual(withoutCredentials(headers, scheme), headers, 'A kept request can be verified again.');
}

export function checkSample(sender: ContractSender): void {
  const verdict = verified(sender.receive(sender.send()));
  const other = verified(sender.receive(sender.send({ id: 'evt-2' })));

  assert.equal(verdict.event, sender.scheme.event.length > 0 ? 'sample_event' : 'unknown');
  assert.equal(verdict.secretRef, 'secret-1');
  assert.notEqual(verdict.dedupeKey, other.dedupeKey);
  if (verdict.contentKey !== undefined) assert.notEqual(verdict.contentKey, other.contentKey);
}

export function checkDedupe(sender: ContractSender): void {
  const { scheme, now } = sender;
  const body = sender.body();
  const first = verified(sender.receive(sender.send({ body })));
  const later = now + Math.min(60_000, scheme.timestamp?.toleranceMs ?? Infinity);
  const retry = verified(sender.receive(sender.send({ body, at: later })));
  assert.match(first.dedupeKey, scheme.id ? /^id:evt-1$/ : /^sha256:[0-9a-f]{64}$/);
  if (scheme.id || !scheme.timestamp) assert.equal(retry.dedupeKey, first.dedupeKey);

  if (!scheme.id || !('header' in scheme.id) || isIdSigned(scheme) || scheme.trustUnsignedId) return;
  const sent = sender.send({ body });
  for (const headers of [
    replaced(sent.headers, scheme.id.header, 'another'),
    without(sent.headers, scheme.id.header),
  ]) {
    const replay = verified(sender.receive({ body, headers }));
    assert.notEqual(first.contentKey, undefined);
    assert.equal(replay.contentKey, first.contentKey);
  }
}

export function checkChallenge(sender: ContractSender): void {
  const { challenge } = sender.scheme;
  if (!challenge) return;
  const asked = withValue(
    withValue({}, challenge.when.body, challenge.when.equals),
    challenge.answer,
    'the answer',
  );
  const body = Buffer.from(JSON.stringify(asked));
  const sent = sender.send({ body });

  const answer = sender.receive(sent);
  assert.ok(answer.kind === 'challenge' && answer.body === 'the answer');
  refused(sender.receive(sent, [sender.secret(2)]));
  refused(sender.receive(sent, [sender.secret()], sender.now + 86_400_000));
  const empty = Buffer.from(JSON.stringify(withValue({}, challenge.when.body, challenge.when.equals)));
  assert.equal(refused(sender.receive(sender.send({ body: empty }))), 'payload_invalid');
}
