/** Whether its messages are shared among several clients. */
export const isShared = (filter: string): boolean => filter.startsWith('$share/');

/**
 * Whether a topic fits a filter: `+` is any one level, `#` the rest. Neither fits a first level that begins with `$`.
 *
 * Source: MQTT 5.0, section 4.7.
 */
export function topicFits(topic: string, filter: string): boolean {
  const levels = topic.split('/');
  const wanted = filter.split('/').slice(isShared(filter) ? 2 : 0);
  if (topic.startsWith('$') && /^[+#]$/.test(wanted[0])) return false;
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === '#') return true;
    if (i >= levels.length || (wanted[i] !== '+' && wanted[i] !== levels[i])) return false;
  }
  return levels.length === wanted.length;
}
