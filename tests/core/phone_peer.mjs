// Numbers as people type them, and what libphonenumber-js reads in each. Same seed, same list.
//   node phone_peer.mjs PACKAGE_DIR COUNT
// Prints: default region, text, E.164 or "-", region or "-", valid|possible|no; apart by tabs.
import { pathToFileURL } from 'node:url'
import { readFileSync } from 'node:fs'

const [dir, count] = process.argv.slice(2)
const { parsePhoneNumberFromString, getCountryCallingCode } = await import(pathToFileURL(`${dir}/max/index.js`))
const examples = JSON.parse(readFileSync(`${dir}/examples.mobile.json`, 'utf8'))
const regions = Object.keys(examples).sort()

let state = 20260915
const random = (n) => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0
  return Math.floor((state / 2 ** 32) * n)
}
const other = (digits, from) => [...digits].map((d, i) => (i < from ? d : String(random(10)))).join('')
const spaced = (s) => [...s].map((c) => c + (random(4) === 0 ? [' ', '-', '.', '\u00a0', ' ('][random(4)] : '')).join('')
const devanagari = (s) => s.replace(/\d/g, (d) => String.fromCharCode(0x966 + Number(d)))
const arabic = (s) => s.replace(/\d/g, (d) => String.fromCharCode(0x660 + Number(d)))

const ways = [
  (n, code) => `+${code}${n}`,
  (n, code) => spaced(`+${code} ${n}`),
  (n, code) => `tel:+${code}${n}`,
  (n, code) => `+${code} (0) ${n}`,
  (n, code) => devanagari(`+${code}${n}`),
  (n, code) => arabic(spaced(`+${code} ${n}`)),
  (n) => n,
  (n) => spaced(n),
  (n) => `0${n}`,
  (n) => spaced(`0${n}`),
  (n) => `8${n}`,
  (n, code) => `00${code}${n}`,
  (n, code) => `${code}${n}`,
  (n, code) => `+${code}${n.slice(0, -2)}`,
  (n, code) => `+${code}${n}${random(10)}${random(10)}`,
]

for (let i = 0; i < Number(count); ++i) {
  const region = regions[i % regions.length]
  const code = getCountryCallingCode(region)
  const example = String(examples[region])
  const number = random(5) === 0 ? other(example, random(2)) : other(example, Math.max(1, example.length - 5))
  const text = ways[random(ways.length)](number, code)
  const read = parsePhoneNumberFromString(text, { defaultCountry: region, extract: false })
  const verdict = !read || !read.isPossible() ? 'no' : read.isValid() ? 'valid' : 'possible'
  console.log([region, text, read?.number ?? '-', read?.country ?? '-', verdict].join('\t'))
}
