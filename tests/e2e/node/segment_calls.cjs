// Every call of Segment's wire format, which RudderStack's library shares, once, and one message
// twice: [method, arguments] each. `first` makes an identity known that `rest` needs.
'use strict';

function segmentCalls({ unique, uuid, timestamp }) {
  const user = `${unique}-user`;
  const visitor = `${unique}-visitor`;
  const earlier = `${unique}-earlier`;
  const group = `${unique}-group`;
  const first = [
    ['page', {
      anonymousId: visitor,
      category: 'docs',
      name: 'Start',
      properties: {
        url: 'https://shop.test/a?b=1', title: 'A page', referrer: 'https://from.test/',
      },
    }],
    ['track', {
      userId: user,
      event: 'signed up',
      timestamp: new Date(timestamp),
      messageId: uuid,
      properties: { plan: 'größte', seats: 3, ratio: 0.25, deep: { a: [1] } },
      context: { ip: '203.0.113.7', userAgent: 'Tester/1.0', campaign: { source: 'news' } },
    }],
    ['identify', { userId: user, anonymousId: visitor, traits: { name: 'Ada', role: 'owner' } }],
    ['screen', { userId: user, name: 'Settings', properties: { tab: 'billing' } }],
  ];
  const rest = [
    ['alias', { userId: user, previousId: earlier }],
    ['group', {
      userId: user,
      groupId: group,
      traits: { groupType: 'company', name: 'Acme', size: 11 },
    }],
    ['track', { anonymousId: visitor, event: 'anonymous step' }],
    ...[1, 2].map((attempt) => ['track', {
      userId: user,
      event: 'repeated',
      messageId: `${unique}-message`,
      timestamp: new Date(timestamp),
      properties: { attempt },
    }]),
  ];
  return { first, rest };
}

module.exports = { segmentCalls };
