/**
 * Whether topics and what selects them are well formed.
 *
 * An MQTT topic filter has `+` alone in its level, `#` alone in the last level, no NUL and at most 65,535 bytes of
 * UTF-8; a shared subscription is `$share/NAME/FILTER`. Source: MQTT 5.0, sections 4.7.1, 4.7.3 and 4.8.2.
 */
export function isTopicFilter(filter: string): boolean {
  if (filter === '' || filter.includes('\0') || Buffer.byteLength(filter) > 65_535) return false;
  const levels = filter.split('/');
  if (levels[0] !== '$share') return levels.every(isLevel);
  const [, name, ...shared] = levels;
  return name !== undefined && name !== '' && !/[+#]/.test(name) && shared.join('/') !== '' && shared.every(isLevel);
}

function isLevel(level: string, index: number, levels: string[]): boolean {
  if (level === '#') return index === levels.length - 1;
  return level === '+' || !/[+#]/.test(level);
}

/** One topic to publish to or to call something by: no wildcards, no empty level, not one of the broker's own. */
export function isTopicName(name: string): boolean {
  return isTopicFilter(name) && !/^\$|[+#]/.test(name) && !name.split('/').includes('');
}
