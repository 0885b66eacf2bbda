import assert from 'node:assert/strict';
import { type ContractSender, replaced, valueIn, without } from './contract-sender.ts';
import { flipped, refused, verified } from './contract-verdicts.ts';
import { decodeSecret, encodeSecret } from './encoding.ts';
import { headersOf } from './provider.ts';
import { formatTimestamp } from './timestamp.ts';
import type { Verification } from './verify.ts';

export function checkFlips(sender: ContractSender): void {
  const sent = sender.send();
  for (const body of flipped(sent.body)) refused(sender.receive({ ...sent, body }));

  const signature = sender.signature(sent);
  for (let at = 0; at < signature.length; at++) {
    const other = signature[at] === 'b' ? 'c' : 'b';
    refused(
      sender.receive(sender.withSignature(sent, signature.slice(0, at) + other + signature.slice(at + 1))),
    );
  }

  const { secret: form } = sender.scheme;
  for (const key of flipped(decodeSecret(sender.secret(), form) ?? Buffer.alloc(0))) {
    const secret = form === 'text' ? Buffer.from(key).toString('utf8') : encodeSecret(key, form);
    refused(sender.receive(sent, [secret]));
  }
}

export function checkJunk(sender: ContractSender): void {
  const sent = sender.send();
  const good = sender.signature(sent);
  const inAnotherEncoding = sender.scheme.signature.encoding === 'hex' ? 'base64' : 'hex';
  const junk = [
    ...['', '=', '!', 'undefined', 'null', '\u00e9', good.slice(1), good.slice(0, -1), good + good],
    ...['!', ' =', '\n', '\u0000', 'A', '==', '===', '%3D'].map((tail) => good + tail),
    ...['!', '=', '0x', '\u0000'].map((head) => head + good),
    ...[' ', '\n', '-', '.', '\u0000'].map((middle) => good.slice(0, 10) + middle + good.slice(10)),
    Buffer.from(good, sender.scheme.signature.encoding).toString(inAnotherEncoding),
  ];
  // Behind a separator stands another signature, and junk there takes nothing from the good one.
  const { separator = '\u0000' } = sender.scheme.signature.format;
  for (const text of junk.filter((each) => !each.startsWith(good + separator))) {
    refused(sender.receive(sender.withSignature(sent, text)), text);
  }
}

export function checkMissing(sender: ContractSender): void {
  const { signature, timestamp, id } = sender.scheme;
  const sent = sender.send();
  const reasonWithout = (name: string): string =>
    refused(sender.receive({ ...sent, headers: without(sent.headers, name) }));

  assert.equal(reasonWithout(signature.header), 'signature_missing');
  assert.equal(
    refused(sender.receive({ ...sent, headers: replaced(sent.headers, signature.header, '') })),
    'signature_missing',
  );
  if (timestamp && 'header' in timestamp.from)
    assert.equal(reasonWithout(timestamp.from.header), 'timestamp_missing');
  if (timestamp) assert.equal(refused(sender.receive(sender.withTimestamp(sent, ''))), 'timestamp_missing');
  if (signature.content.includes('{id}') && id && 'header' in id)
    assert.equal(reasonWithout(id.header), 'signature_malformed');
}

export function checkTwice(sender: ContractSender): void {
  const sent = sender.send();
  const names = sent.headers.filter((_text, index) => index % 2 === 0);
  for (const name of new Set([...names, ...headersOf(sender.scheme)])) {
    const value = valueIn(sent.headers, name);
    const once = [...without(sent.headers, name), name, value];

    for (const again of [name, name.toLowerCase(), name.toUpperCase()]) {
      for (const second of [value, 'another']) {
        const reason = refused(sender.receive({ ...sent, headers: [...once, again, second] }));
        assert.equal(reason, 'signature_duplicated');
      }
    }
  }
}

export function checkCase(sender: ContractSender): void {
  const sent = sender.send();
  for (const spell of [(name: string) => name.toUpperCase(), (name: string) => name.toLowerCase()]) {
    const headers = sent.headers.map((text, index) => (index % 2 === 0 ? spell(text) : text));
    verified(sender.receive({ ...sent, headers }));
  }
}

export function checkWindow(sender: ContractSender): void {
  const { timestamp } = sender.scheme;
  const unitMs = timestamp?.unit === 's' ? 1_000 : 1;
  const toleranceMs = timestamp?.toleranceMs ?? 365 * 86_400_000;
  const at = (offsetMs: number): Verification => sender.receive(sender.send({ at: sender.now + offsetMs }));

  for (const offsetMs of [-toleranceMs, 0, toleranceMs]) {
    assert.equal(verified(at(offsetMs)).skewMs, timestamp ? offsetMs : undefined);
  }
  if (!timestamp) return;
  assert.equal(refused(at(-toleranceMs - unitMs)), 'timestamp_too_old');
  assert.equal(refused(at(toleranceMs + unitMs)), 'timestamp_in_future');
  refused(
    sender.receive(sender.withTimestamp(sender.send(), formatTimestamp(sender.now + unitMs, timestamp.unit))),
  );
}

export function checkTimestamps(sender: ContractSender): void {
  const { timestamp } = sender.scheme;
  if (!timestamp) return;
  const good = formatTimestamp(sender.now, timestamp.unit);
  const arabic = good.replace(/\d/g, (digit) => String.fromCharCode(0x660 + Number(digit)));
  const malformed = [
    `${good}junk`,
    `${good}.0`,
    `${good}.5`,
    `+${good}`,
    `-${good}`,
    `0${good}`,
    `${good}n`,
    '1e9',
    '0x1',
    'NaN',
    arabic,
  ];
  const odd = [` ${good}`, `\t${good}`, `${good}\u00a0`, `${good}_0`, '9'.repeat(40), ''];
  // Between the fields of a header, blanks and unknown words mean nothing.
  if ('header' in timestamp.from) odd.push(`${good} `, `${good},${good}`, `${good};`);

  for (const text of [...malformed, ...odd]) {
    const signedSo = refused(sender.receive(sender.send({ timestamp: text })));
    const changedLater = refused(sender.receive(sender.withTimestamp(sender.send(), text)));
    if (malformed.includes(text))
      assert.deepEqual([signedSo, changedLater], ['timestamp_malformed', 'timestamp_malformed']);
  }
}

export function checkRotation(sender: ContractSender): void {
  const [older, newer, stranger] = [sender.secret(1), sender.secret(2), sender.secret(3)];

  assert.equal(
    verified(sender.receive(sender.send({ secret: older }), [older, newer])).secretRef,
    'secret-1',
  );
  assert.equal(
    verified(sender.receive(sender.send({ secret: newer }), [older, newer])).secretRef,
    'secret-2',
  );
  assert.equal(verified(sender.receive(sender.send({ secret: newer }), ['', newer])).secretRef, 'secret-2');
  assert.equal(
    refused(sender.receive(sender.send({ secret: stranger }), [older, newer])),
    'signature_mismatch',
  );

  const { format, header } = sender.scheme.signature;
  if (format.separator === undefined) return;
  const [good, bad] = [sender.send({ secret: older }), sender.send({ secret: stranger })];
  const entries = [good, bad].map(
    (sent) => `${format.kind === 'list' ? format.prefix : `${format.signature}=`}${sender.signature(sent)}`,
  );
  for (const both of [entries, entries.toReversed()]) {
    const rest =
      format.kind === 'list' ? [] : valueIn(good.headers, header).split(format.separator).slice(0, -1);
    const headers = replaced(good.headers, header, [...rest, ...both].join(format.separator));
    assert.equal(verified(sender.receive({ ...good, headers }, [older, newer])).secretRef, 'secret-1');
  }
}

export function checkNoSecret(sender: ContractSender): void {
  for (const secrets of [[], [''], ['', '']]) {
    refused(sender.receive(sender.send(), secrets));
    refused(sender.receive(sender.send({ key: Buffer.alloc(0) }), secrets));
  }
}

export function checkBytes(sender: ContractSender): void {
  const sent = sender.send({ body: Uint8Array.of(0x7b, 0xff, 0xc3, 0x28, 0x00, 0x7d) });
  verified(sender.receive(sent));
  for (const body of [
    Uint8Array.of(0x7b, 0xfe, 0xc3, 0x28, 0x00, 0x7d),
    Buffer.from(Buffer.from(sent.body).toString('utf8')),
  ]) {
    refused(sender.receive({ ...sent, body }));
  }
  verified(sender.receive(sender.send({ body: new Uint8Array(0) })));
  verified(sender.receive(sender.send({ body: Buffer.from('\ufeff{"no": "change"}\r\n') })));
}
