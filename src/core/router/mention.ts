/** Characters that continue a word, so that `@bot` is not found in `@bottle`. */
const wordCharacter = String.raw`[\p{L}\p{N}_.\-]`;
const broadcastMention = /@(everyone|here)\b/gi;

/** Finds any of the patterns in a text. `*` stands for any run of characters; matched without case. */
export type MentionMatcher = (text: string) => boolean;

/** A text that only says `@everyone` or `@here` addresses nobody in particular, unless a pattern names them. */
export function compileMentions(patterns: readonly string[]): MentionMatcher {
  const matchers = patterns.map(compilePattern);
  const namesBroadcast = patterns.some((pattern) => /@(everyone|here)/i.test(pattern));
  return (text) => {
    const searched = (namesBroadcast ? text : text.replace(broadcastMention, ' ')).toLowerCase();
    return searched.trim() !== '' && matchers.some((matcher) => matcher.test(searched));
  };
}

function compilePattern(pattern: string): RegExp {
  const body = pattern
    .toLowerCase()
    .split('*')
    .map((literal) => literal.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    // Lazy and without nesting, so that no text makes it slow.
    .join(String.raw`[\s\S]*?`);
  const startsWithWord = new RegExp(`^${wordCharacter}`, 'u').test(pattern) ? `(?<!${wordCharacter})` : '';
  const endsWithWord = new RegExp(`${wordCharacter}$`, 'u').test(pattern) ? `(?!${wordCharacter})` : '';
  return new RegExp(`${startsWithWord}${body}${endsWithWord}`, 'u');
}
