// Writes tests/golden/<provider>/signatures.json: requests signed by the providers' own libraries (npm twilio, telnyx,
// @vonage/jwt) and what those libraries say of altered ones. Run where they are installed:
//   PEERS=$PWD/tests/peers/package.json node tests/providers/signatures.mjs
import { createRequire } from 'node:module';
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const require = createRequire(process.env.PEERS ?? import.meta.url);
const golden = fileURLToPath(new URL('../golden/', import.meta.url));
const now = 1770112800; // golden.hpp
const save = (provider, cases) => {
    mkdirSync(golden + provider, { recursive: true });
    writeFileSync(`${golden}${provider}/signatures.json`, JSON.stringify(cases, null, 1) + '\n');
};

// ---- Twilio ----
{
    const { getExpectedTwilioSignature, validateRequest, validateRequestWithBody } =
        require('twilio/lib/webhooks/webhooks');
    const token = 'invented-auth-token';
    const cases = [];
    const encode = (params) => Object.entries(params)
        .flatMap(([key, value]) => [value].flat().map((one) =>
            encodeURIComponent(key) + '=' + encodeURIComponent(one).replaceAll('%20', '+')))
        .join('&');
    const form = (name, { publicUrl = 'https://warmcall.example.com', path = '/webhooks/main', signedUrl, params = {},
        signed = params, key = token, signature }) => {
        const url = signedUrl ?? publicUrl + path;
        const value = signature ?? getExpectedTwilioSignature(key, url, signed);
        cases.push({ name, public_url: publicUrl,
            request: { method: 'POST', url: path,
                headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Twilio-Signature': value }, body: encode(params) },
            authentic: validateRequest(token, value, publicUrl + path, params) });
    };
    const message = { MessageSid: 'SM1', AccountSid: 'AC1', From: '+61491570156', Body: "I'm fine, and you? 🙂 नमस्ते", NumMedia: '0' };
    form('a form', { params: message });
    form('empty values count', { params: { ...message, FromCity: '', ToZip: '' } });
    form('unknown fields count', { params: { ...message, AddOns: '{"a":"b c"}' } });
    form('values are not trimmed', { params: { ...message, Body: '  hello \r\n' } });
    form('capitals stand before small letters', { params: { a: '1', Z: '2', B: '3', _: '4', aB: '5' } });
    form('a repeated key: its values once each, in order', { params: { ...message, MediaUrl: ['b', 'a', 'b', ''] } });
    form('a receipt with our token in its path', { path: '/webhooks/main/status/000102030405060708090a0b0c0d0e0f',
        params: { MessageSid: 'SM1', MessageStatus: 'delivered' } });
    form('a query belongs to the address', { path: '/webhooks/main?rep=joel&x=%20y%27', params: message });
    form('signed with the usual port, called without', { signedUrl: 'https://warmcall.example.com:443/webhooks/main', params: message });
    form('signed without a port, configured with the usual one', { publicUrl: 'https://warmcall.example.com:443',
        signedUrl: 'https://warmcall.example.com/webhooks/main', params: message });
    form('another port of ours, signed with it', { publicUrl: 'https://warmcall.example.com:8443', params: message });
    form('another port of ours, signed without', { publicUrl: 'https://warmcall.example.com:8443',
        signedUrl: 'https://warmcall.example.com/webhooks/main', params: message });
    form('http has another usual port', { publicUrl: 'http://warmcall.example.com',
        signedUrl: 'http://warmcall.example.com:80/webhooks/main', params: message });
    form('an IPv6 host', { publicUrl: 'http://[2001:db8::1]', signedUrl: 'http://[2001:db8::1]:80/webhooks/main', params: message });
    form('a query signed in its rewritten form', { path: "/webhooks/main?note=it's(ok)*&b=a b".replaceAll(' ', '%20').replace("'", '%27'),
        signedUrl: "https://warmcall.example.com/webhooks/main?note=it's(ok)*&b=a%20b", params: message });
    form('an empty form', {});
    form('another token', { params: message, key: 'another-token' });
    form('an altered body', { params: { ...message, Body: 'STOP' }, signed: message });
    form('a field more', { params: { ...message, OptOutType: 'STOP' }, signed: message });
    form('another path', { params: message, signedUrl: 'https://warmcall.example.com/webhooks/other' });
    form('another host', { params: message, signedUrl: 'https://evil.example/webhooks/main' });
    form('another port than ours', { params: message, signedUrl: 'https://warmcall.example.com:8443/webhooks/main' });
    form('http instead of https', { params: message, signedUrl: 'http://warmcall.example.com/webhooks/main' });
    form('no signature', { params: message, signature: '' });
    const json = (name, body, { sentBody = body, hash = createHash('sha256').update(sentBody).digest('hex'), signedHash = hash }) => {
        const path = '/webhooks/main?bodySHA256=' + hash;
        const url = 'https://warmcall.example.com' + path;
        const value = getExpectedTwilioSignature(token, 'https://warmcall.example.com/webhooks/main?bodySHA256=' + signedHash, {});
        cases.push({ name, public_url: 'https://warmcall.example.com',
            request: { method: 'POST', url: path, headers: { 'Content-Type': 'application/json', 'X-Twilio-Signature': value }, body: sentBody },
            authentic: validateRequestWithBody(token, value, url, sentBody) });
    };
    const body = '{"type":"com.twilio.messaging.message.delivered","data":{"ü":1}}';
    json('JSON by its hash', body, {});
    json('JSON altered under the same hash', body, { sentBody: body.replace('delivered', 'failed'), hash: createHash('sha256').update(body).digest('hex') });
    json('JSON altered with its hash', body, { sentBody: body.replace('delivered', 'failed'), signedHash: createHash('sha256').update(body).digest('hex') });
    json('JSON with half a hash', body, { hash: createHash('sha256').update(body).digest('hex').slice(0, 32) });
    const got = '/webhooks/main?MessageSid=SM1&Body=hello%20you';
    const signature = getExpectedTwilioSignature(token, 'https://warmcall.example.com' + got, {});
    cases.push({ name: 'a GET', public_url: 'https://warmcall.example.com',
        request: { method: 'GET', url: got, headers: { 'X-Twilio-Signature': signature } },
        authentic: validateRequest(token, signature, 'https://warmcall.example.com' + got, {}) });
    save('twilio_sms', cases);
    console.log('twilio_sms', cases.length, cases.filter((c) => c.authentic).length);
}

// ---- Telnyx: its library verifies, and signs nothing; the key is made of a word, its public half is in account.json ----
{
    const { Webhook } = await import(require.resolve('telnyx/lib/webhooks').replace(/\.js$/, '.mjs')).then((m) => ({ Webhook: m.TelnyxWebhook ?? m.Webhook }));
    const seed = createHash('sha256').update('invented telnyx key').digest();
    const key = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' });
    const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
    const cases = [];
    const add = async (name, { body = '{"data":{"id":"1","text":"नमस्ते"}}', at = String(now), signedBody = body, signedAt = at, later = 0, signature }) => {
        const value = signature ?? sign(null, Buffer.from(`${signedAt}|${signedBody}`), key).toString('base64');
        const headers = { 'telnyx-signature-ed25519': value, 'telnyx-timestamp': at };
        const clock = Date.now;
        Date.now = () => (now + later) * 1000;
        const authentic = await new Webhook(publicKey).verify(body, headers).then(() => true, () => false);
        Date.now = clock;
        cases.push({ name, later_s: later, request: { method: 'POST', url: '/webhooks/main', headers, body }, authentic });
    };
    await add('just now', {});
    await add('an empty body', { body: '' });
    await add('300 s late', { later: 300 });
    await add('301 s late', { later: 301 });
    await add('300 s early', { later: -300 });
    await add('301 s early', { later: -301 });
    await add('another body', { signedBody: '{}' });
    await add('another time', { signedAt: String(now - 1) });
    await add('no time', { at: '' });
    await add('a time that is none', { at: 'yesterday' });
    await add('a time with a sign', { at: '+' + now });
    await add('no signature', { signature: '' });
    await add('half a signature', { signature: Buffer.alloc(32).toString('base64') });
    await add('a signature of nothing', { signature: Buffer.alloc(64).toString('base64') });
    save('telnyx', cases);
    console.log('telnyx', cases.length, cases.filter((c) => c.authentic).length, 'public_key', publicKey);
}

// ---- Vonage: its library signs; it lets through what we must not (RS256, another body, old), so the verdict is ours ----
{
    const { verifySignature } = require('@vonage/jwt');
    const jsonwebtoken = require('jsonwebtoken');
    const secret = 'invented-signature-secret-of-32-or-more';
    const application = 'aaaaaaaa-0000-4000-8000-000000000001';
    const body = '{"message_uuid":"aaaaaaaa-0000-4000-8000-000000000001","text":"नमस्ते"}';
    const hash = (text) => createHash('sha256').update(text).digest('hex');
    const cases = [];
    const add = (name, authentic, { claims = {}, key = secret, algorithm = 'HS256', sent = body, token, header = 'Bearer ' }) => {
        const all = { iat: now, jti: 'j1', iss: 'Vonage', api_key: 'abcd1234', application_id: application, payload_hash: hash(body), ...claims };
        const value = token ?? jsonwebtoken.sign(JSON.parse(JSON.stringify(all)), key, { algorithm });
        if (authentic && !verifySignature(value, secret)) throw new Error(name);
        cases.push({ name, request: { method: 'POST', url: '/webhooks/main',
            headers: { Authorization: header + value, 'Content-Type': 'application/json' }, body: sent }, authentic });
    };
    const unsigned = (alg) => [{ alg, typ: 'JWT' }, { iat: now, payload_hash: hash(body) }]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') + '.';
    add('as Vonage signs', true, {});
    add('without an application', true, { claims: { application_id: undefined } });
    add('a day old: Vonage tries that long', true, { claims: { iat: now - 86400 } });
    add('older than Vonage tries', false, { claims: { iat: now - 2 * 86400 } });
    add('from tomorrow', false, { claims: { iat: now + 86400 } });
    add('without a time', false, { token: jsonwebtoken.sign({ payload_hash: hash(body) }, secret, { noTimestamp: true }) });
    add('another secret', false, { key: 'another-signature-secret-of-32-or-more' });
    add('another body than was hashed', false, { sent: body.replace('नमस्ते', 'STOP') });
    add('no hash of the body', false, { claims: { payload_hash: undefined } });
    add('another application', false, { claims: { application_id: 'ffffffff-0000-4000-8000-000000000001' } });
    add('the same secret with another way of signing', false, { algorithm: 'HS512' });
    add('not signed at all', false, { token: unsigned('none') });
    add('not signed, and says it is', false, { token: unsigned('HS256') });
    add('another scheme', false, { header: 'Basic ' });
    add('no token', false, { token: '' });
    save('vonage_sms', cases);
    console.log('vonage_sms', cases.length, cases.filter((c) => c.authentic).length);
}
