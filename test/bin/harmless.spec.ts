import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { harmlessFilename, harmlessText } from '../../bin/harmless.ts'

describe('bin/harmless', () => {
  const cases: Array<[name: string, harmless: string | undefined]> = [
    ['movie.mkv', 'movie.mkv'],
    ['Über uns – 2.txt', 'Über uns – 2.txt'],
    ['archive.tar.gz', 'archive.tar.gz'],
    ['../../etc/passwd', 'passwd'],
    ['/etc/passwd', 'passwd'],
    ['..\\..\\autoexec.bat', 'autoexec.bat'],
    ['C:\\Windows\\system.ini', 'system.ini'],
    ['C:evil', 'C_evil'],
    ['a/', 'a'],
    ['..', undefined],
    ['.', undefined],
    ['', undefined],
    ['/', undefined],
    ['   ', undefined],
    ['\0', undefined],
    ['.npmrc', '_npmrc'],
    ['-rf', '_rf'],
    ['~root', '_root'],
    ['CON', '_CON'],
    ['nul.txt', '_nul.txt'],
    ['Lpt1.tar.gz', '_Lpt1.tar.gz'],
    ['console.log', 'console.log'],
    ['name. . ', 'name'],
    ['a\nb', 'a_b'],
    ['a\u001b[2Jb', 'a_[2Jb'],
    ['a\u009b31mb', 'a_31mb'],
    ['photo\u202egpj.exe', 'photo_gpj.exe'],
    ['a\u200bb\u2028c\ud800', 'a_b_c_'],
    ['a*b?c|d<e>f"g', 'a_b_c_d_e_f_g'],
    ['e\u0301', '\u00e9']
  ]

  for (const [name, harmless] of cases) {
    it(`makes ${JSON.stringify(harmless)} of ${JSON.stringify(name)}`, () => {
      expect(harmlessFilename(name)).to.equal(harmless)
    })
  }

  it('shortens at a character and keeps the extension', () => {
    const name = harmlessFilename(`${'é'.repeat(5_000)}.mkv`)
    expect(name).to.match(/^é+\.mkv$/)
    expect(new TextEncoder().encode(name).byteLength).to.equal(200)
    expect(harmlessFilename(`a.${'b'.repeat(5_000)}`)).to.equal(`a.${'b'.repeat(198)}`)
  })

  it('gives a usable name or none, whatever comes', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), text => {
      const name = harmlessFilename(text)

      if (name == null) {
        return
      }

      expect(name).to.not.match(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}/\\<>:"|?*]/u)
      expect(name).to.match(/^[^.\-~\s]/)
      expect(name).to.match(/[^. ]$/)
      expect(new TextEncoder().encode(name).byteLength).to.be.within(1, 200)
      expect(harmlessFilename(name)).to.equal(name)
    }), { numRuns: 500 })
  })

  it('prints what would steer a terminal', () => {
    expect(harmlessText('a\u001b]0;title\u0007b\r\nc\u202ed')).to.equal('a\\u{1b}]0;title\\u{7}b\\u{d}\\u{a}c\\u{202e}d')
    expect(harmlessText('größer – 10 % 🎬')).to.equal('größer – 10 % 🎬')
  })
})
