import { expect } from 'aegir/chai'
import { DEFAULT_DHT_LIMITS } from '../../src/dht/limits.ts'
import { compareDistance, idAtDistance, logDistance } from '../../src/dht/node-id.ts'
import { RoutingTable } from '../../src/dht/routing-table.ts'
import { int, seededRandom, VirtualClock } from '../../src/testing/index.ts'
import { fakeContact } from './contacts.ts'
import type { Contact } from '../../src/dht/record-book.ts'
import type { Random } from '../../src/interfaces.ts'

describe('dht/routing-table', () => {
  const own = new Uint8Array(32)
  let clock: VirtualClock
  let random: Random
  let table: RoutingTable

  beforeEach(() => {
    clock = new VirtualClock()
    random = seededRandom(1)
    table = new RoutingTable(own, clock, DEFAULT_DHT_LIMITS)
  })

  function randomId (): Uint8Array {
    return Uint8Array.from({ length: 32 }, () => int(random, 0, 256))
  }

  function at (distance: number, host?: string): Contact {
    return fakeContact(idAtDistance(own, distance, randomId()), { host })
  }

  function fill (distance: number, count = 16): Contact[] {
    const contacts = Array.from({ length: count }, () => at(distance))
    contacts.forEach(contact => { table.seen(contact) })

    return contacts
  }

  function keys (contacts: Contact[]): string[] {
    return contacts.map(({ key }) => key)
  }

  it('gives the closest to a target, nearest first', () => {
    const contacts = Array.from({ length: 200 }, () => fakeContact(randomId()))
    contacts.forEach(contact => { table.seen(contact) })
    const target = randomId()
    const known = contacts.filter(({ id, key }) => table.get(id, key) != null)
    const expected = known.toSorted((a, b) => compareDistance(target, a.id, b.id)).slice(0, 16)

    expect(keys(table.closest(target, 16))).to.deep.equal(keys(expected))
    expect(table.size).to.equal(known.length)
    expect(known.length).to.be.within(60, 120)
  })

  it('gives those at distances, in the order of these', () => {
    const [far, near] = [fill(256, 5), fill(254, 3)]

    expect(keys(table.atDistances([254, 255, 256, 254], 16))).to.deep.equal(keys([...near, ...far]))
    expect(table.atDistances([256], 2)).to.have.lengthOf(2)
    expect(table.atDistances([1], 16)).to.deep.equal([])
  })

  it('has 16 places a distance, and keeps those who have them', () => {
    const old = fill(256)
    const late = fill(256, 20)

    expect(keys(table.atDistances([256], 99))).to.have.members(keys(old))
    expect(late.every(({ id, key }) => table.get(id, key) == null)).to.equal(true)
    expect(table.waiting).to.equal(8)
  })

  it('gives the place of who does not answer to who waits and was seen last', () => {
    const old = fill(256)
    const late = fill(256, 3)
    table.failed(old[4])

    expect(keys(table.atDistances([256], 99))).to.have.members(keys([...old.filter(contact => contact !== old[4]), late[2]]))
    expect(table.waiting).to.equal(2)
  })

  it('gives no place to who was only heard of', () => {
    const old = fill(256)
    table.heard(at(256))
    table.failed(old[0])

    expect(table.size).to.equal(16)
    expect(table.atDistances([256], 99)).to.have.lengthOf(15)
  })

  it('keeps who does not answer for a while when nobody waits, without giving it out', () => {
    const [contact, other] = fill(256, 2)
    table.failed(contact)
    table.failed(contact)

    expect(table.size).to.equal(2)
    expect(keys(table.closest(own, 16))).to.deep.equal([other.key])

    table.seen(contact)
    expect(table.closest(own, 16)).to.have.lengthOf(2)

    table.failed(contact)
    table.failed(contact)
    table.failed(contact)
    expect(table.size).to.equal(1)
  })

  it('knows who waits for a free place, and who was not seen for longest', async () => {
    const [first, second] = fill(256, 2)
    await clock.advance(10)
    table.seen(first)
    const heard = at(256)
    table.heard(heard)

    expect(table.candidate(() => false)?.key).to.equal(heard.key)
    expect(table.candidate(({ key }) => key === heard.key)).to.equal(undefined)
    expect(table.oldest(11, () => false)?.key).to.equal(second.key)
    expect(table.oldest(11, ({ key }) => key === second.key)?.key).to.equal(first.key)
    expect(table.oldest(10, ({ key }) => key === second.key)).to.equal(undefined)

    table.failed(heard)
    expect(table.candidate(() => false)).to.equal(undefined)
  })

  it('knows nobody who waits for a free place where there is none', () => {
    fill(256)
    table.heard(at(256))

    expect(table.candidate(() => false)).to.equal(undefined)
    expect(table.waiting).to.equal(1)
  })

  it('takes a newer record of who it knows, and no older one', () => {
    const id = idAtDistance(own, 256, randomId())
    table.seen(fakeContact(id, { seq: 2n }))
    table.seen(fakeContact(id, { seq: 3n, host: '192.0.2.1' }))
    table.seen(fakeContact(id, { seq: 1n }))

    expect(table.size).to.equal(1)
    expect(table.closest(own, 1)[0]).to.deep.include({ endpoint: { host: '192.0.2.1', port: 8090 } })
  })

  it('lets no failure at an old address count against a new one', () => {
    const id = idAtDistance(own, 256, randomId())
    const old = fakeContact(id, { seq: 2n })
    table.seen(old)
    table.seen(fakeContact(id, { seq: 3n, host: '192.0.2.1' }))
    table.failed(old)

    expect(table.closest(own, 1)).to.have.lengthOf(1)
  })

  it('has two places for one /24 in a bucket, and ten in all', () => {
    for (let distance = 256; distance > 240; distance--) {
      for (let i = 0; i < 4; i++) {
        table.seen(at(distance, `192.0.2.${i}`))
      }
    }

    expect(table.atDistances([256], 99)).to.have.lengthOf(2)
    expect(table.size).to.equal(10)
  })

  it('has room for another of a /24 when one is gone', () => {
    const contacts = [1, 2, 3].map(i => at(256, `192.0.2.${i}`))
    contacts.forEach(contact => { table.seen(contact) })
    expect(table.size).to.equal(2)

    table.failed(contacts[0])
    expect(keys(table.atDistances([256], 99))).to.have.members(keys(contacts.slice(1)))
  })

  it('does not let a node move to a /24 that is full', () => {
    const contacts = [1, 2].map(i => at(256, `192.0.2.${i}`))
    const other = at(256, '203.0.113.1')
    ;[...contacts, other].forEach(contact => { table.seen(contact) })
    table.seen(fakeContact(other.id, { seq: 2n, host: '192.0.2.9' }))

    expect(keys(table.atDistances([256], 99))).to.have.members(keys(contacts))
  })

  it('counts no private and no loopback addresses', () => {
    const contacts = Array.from({ length: 16 }, (_, i) => at(256, i < 8 ? '127.0.0.1' : '10.0.0.1'))
    contacts.forEach(contact => { table.seen(contact) })

    expect(table.size).to.equal(16)
  })

  it('stays bounded whatever it hears', () => {
    for (let i = 0; i < 20_000; i++) {
      const contact = fakeContact(randomId())
      table.heard(contact)

      if (i % 2 === 0) {
        table.seen(contact)
      }
    }

    expect(table.size).to.be.below(16 * 16)
    expect(table.waiting).to.be.below(8 * 20)
    expect(table.closest(own, 999).every(({ id }) => logDistance(own, id) > 200)).to.equal(true)
  })
})
