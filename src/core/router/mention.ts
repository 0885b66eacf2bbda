/** Finds any of the patterns in a text. `*` stands for any run of characters; matched without case. */
export type MentionMatcher = (text: string) => boolean;

interface Pattern {
  /** What stands between the wildcards, in order; without any wildcard it is one. */
  readonly literals: readonly string[];
  readonly opensWithWildcard: boolean;
  readonly endsWithWildcard: boolean;
}

const broadcasts = ['everyone', 'here'];
/** Characters that continue a word. A full stop or a hyphen does when a word goes on behind it: `bot.example`. */
const goesOn = /^[.-]?[\p{L}\p{N}\p{M}_]/u;
const cameFrom = /[\p{L}\p{N}\p{M}_][.-]?$/u;
/** The longest that those look at, in UTF-16 units. */
const lookMax = 3;

/**
 * A pattern is found where no word goes on before or behind it, so that `@bot` is not found in `@bottle` or
 * `me@bot`. A text that only says `@everyone` or `@here` addresses nobody in particular, unless a pattern
 * names it. The time it takes grows with the length of the text, whatever the patterns and the text are.
 */
export function compileMentions(patterns: readonly string[]): MentionMatcher {
  const compiled = patterns.map((pattern) => pattern.trim().toLowerCase()).filter((text) => text !== '');
  const matchers = compiled.map(parsePattern);
  const unnamed = broadcasts.filter((name) => !compiled.some((pattern) => pattern.includes(`@${name}`)));
  const blanked =
    unnamed.length > 0 ? new RegExp(`@(${unnamed.join('|')})(?![\\p{L}\\p{N}\\p{M}_])`, 'gu') : undefined;
  return (text) => {
    const lower = text.toLowerCase();
    const searched = blanked ? lower.replace(blanked, ' ') : lower;
    return searched.trim() !== '' && matchers.some((pattern) => isFound(pattern, searched));
  };
}

function parsePattern(pattern: string): Pattern {
  return {
    literals: pattern.split('*').filter((literal) => literal !== ''),
    opensWithWildcard: pattern.startsWith('*'),
    endsWithWildcard: pattern.endsWith('*'),
  };
}

/** Each literal at the first place where it can be: a later one would leave less room for what follows. */
function isFound({ literals, opensWithWildcard, endsWithWildcard }: Pattern, text: string): boolean {
  let from = 0;
  return literals.every((literal, index) => {
    const isFree = (at: number): boolean =>
      (index > 0 || opensWithWildcard || !cameFrom.test(text.slice(Math.max(at - lookMax, 0), at))) &&
      (index < literals.length - 1 ||
        endsWithWildcard ||
        !goesOn.test(text.slice(at + literal.length, at + literal.length + lookMax)));
    const at = indexWhere(text, literal, from, isFree);
    from = at + literal.length;
    return at >= 0;
  });
}

function indexWhere(text: string, literal: string, from: number, isFree: (at: number) => boolean): number {
  let at = text.indexOf(literal, from);
  while (at >= 0 && !isFree(at)) at = text.indexOf(literal, at + 1);
  return at;
}
