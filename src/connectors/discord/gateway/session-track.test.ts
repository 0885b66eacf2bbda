import { describe, expect, it } from 'vitest';
import type { Verdict } from './judge-end.ts';
import { SessionTrack } from './session-track.ts';

const point = { sessionId: 'one', seq: 7, resumeUrl: 'wss://resume.example' };

function ended(given: Partial<Verdict> = {}): Verdict {
  return { detail: '', keepSession: true, waitMsMin: 0, atOnce: false, doubt: 'none', ...given };
}

describe('a session', () => {
  it('begins where the process before left off', () => {
    const track = new SessionTrack(point);

    expect(track.session).toEqual({
      sessionId: 'one',
      resumeUrl: 'wss://resume.example',
      received: 7,
      committed: 7,
    });
    expect(track.url).toBe('wss://resume.example');
  });

  it('begins anew with nothing received and nothing committed', () => {
    const track = new SessionTrack(point);

    track.begin('two', 'wss://other.example');

    expect(track.session).toEqual({
      sessionId: 'two',
      resumeUrl: 'wss://other.example',
      received: 0,
      committed: null,
    });
  });

  it('is forgotten when it cannot be resumed', () => {
    const track = new SessionTrack(point);

    track.connectionEnded(ended({ keepSession: false }), 5, true);

    expect(track.session).toBeUndefined();
    expect(track.url).toBeUndefined();
  });

  it.each([
    ['strong', 3],
    ['weak', 12],
  ] as const)('is given up when connections bring nothing, with %s doubt after %i', (doubt, times) => {
    const track = new SessionTrack(point);

    for (let time = 1; time < times; time++) track.connectionEnded(ended({ doubt }), 0, true);
    const before = track.session;
    track.connectionEnded(ended({ doubt }), 0, true);

    expect(before).toBeDefined();
    expect(track.session).toBeUndefined();
  });

  it('is hardly doubted for connections that ended before it was asked for', () => {
    const track = new SessionTrack(point);

    for (let time = 1; time < 12; time++) track.connectionEnded(ended({ doubt: 'strong' }), 0, false);
    const before = track.session;
    track.connectionEnded(ended({ doubt: 'strong' }), 0, false);

    expect(before).toBeDefined();
    expect(track.session).toBeUndefined();
  });

  it('is trusted again as soon as one connection brought something', () => {
    const track = new SessionTrack(point);

    for (let round = 0; round < 10; round++) {
      track.connectionEnded(ended({ doubt: 'strong' }), 0, true);
      track.connectionEnded(ended({ doubt: 'strong' }), 0, true);
      track.connectionEnded(ended({ doubt: 'strong' }), 1, true);
    }

    expect(track.session).toBeDefined();
  });
});

describe('the URL of a session', () => {
  it.each(['none', 'weak'] as const)('leaves every fourth try in a row to the general one (%s)', (doubt) => {
    const track = new SessionTrack(point);

    const tried = Array.from({ length: 8 }, () => {
      const { url } = track;
      track.connectionEnded(ended({ doubt }), 0, doubt !== 'none');
      return url !== undefined;
    });

    expect(tried).toEqual([true, true, true, false, true, true, true, false]);
  });

  it('is the one to try again after a connection that brought something', () => {
    const track = new SessionTrack(point);

    for (let time = 0; time < 3; time++) track.connectionEnded(ended(), 0, false);
    track.connectionEnded(ended(), 1, true);

    expect(track.url).toBe('wss://resume.example');
  });

  it('is not tried any more once the guard refused it, until there is a new one', () => {
    const track = new SessionTrack(point);

    track.urlRefused();
    const refused = track.url;
    track.begin('two', 'wss://other.example');

    expect(refused).toBeUndefined();
    expect(track.url).toBe('wss://other.example');
  });
});
