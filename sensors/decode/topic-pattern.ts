/**
 * Which topics a rule speaks of: levels joined by '/', where `+` and `{name}` stand for any one level and a last `#`
 * for any number of them, none included.
 *
 *   plant/{site}/+/telemetry   fits plant/leeds/pump7/telemetry
 *   plant/#                    fits plant, plant/leeds, plant/leeds/pump7
 *
 * As for a broker, a wild first level does not fit a topic that begins with '$'.
 */
export type TopicMatch = (topic: string) => boolean;

/** Undefined when the pattern is not well formed. */
export function topicPattern(pattern: string): TopicMatch | undefined {
  const levels = pattern.split('/');
  if (pattern === '' || !levels.every(isLevel)) return undefined;
  const open = levels.at(-1) === '#';
  if (open) levels.pop();
  // null stands for any one level.
  const wanted = levels.map((level) => (isWild(level) ? null : level));
  const wildFirst = wanted.length === 0 || wanted[0] === null;
  return (topic) => {
    if (wildFirst && topic.startsWith('$')) return false;
    const got = topic.split('/');
    if (open ? got.length < wanted.length : got.length !== wanted.length) return false;
    return wanted.every((level, i) => level === null || level === got[i]);
  };
}

function isWild(level: string): boolean {
  return level === '+' || level.startsWith('{');
}

function isLevel(level: string, index: number, levels: string[]): boolean {
  if (level === '#') return index === levels.length - 1;
  return isWild(level) ? /^(\+|\{\w+\})$/.test(level) : !/[+#{}]/.test(level);
}
