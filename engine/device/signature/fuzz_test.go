// SPDX-License-Identifier: GPL-2.0-or-later

package signature_test

import (
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"scoutfs/engine/device/signature"
)

// FuzzProbe puts up to three pieces of content on a device of zeroes. What is found must be on the device, in order, fit to be
// printed, and the same the next time; finding it must not panic or read more than promised.
func FuzzProbe(f *testing.F) {
	f.Add(int64(0), int64(0), []byte{}, int64(0), []byte{}, int64(0), []byte{})
	for _, fixture := range fixtures() {
		m := fixture.image(f)
		// The block at the signature and two that it is likely to point to.
		var offs []int64
		for _, found := range fixture.found {
			offs = append(offs, found.Offset&^(blockSize-1))
		}
		offs = append(offs, 16<<10, 64<<10, m.size&^(blockSize-1)-blockSize)
		var args [3][]byte
		for i := range args {
			offs[i] = min(max(offs[i], 0), m.size)
			args[i] = make([]byte, min(blockSize, m.size-offs[i]))
			if _, err := m.ReadAt(args[i], offs[i]); err != nil {
				f.Fatal(err)
			}
		}
		f.Add(m.size, offs[0], args[0], offs[1], args[1], offs[2], args[2])
	}
	f.Fuzz(func(t *testing.T, size, offA int64, a []byte, offB int64, b []byte, offC int64, c []byte) {
		if size < 0 || len(a)+len(b)+len(c) > 1<<20 {
			t.Skip("not a device")
		}
		m := newImage(size)
		place := func(off int64, p []byte) {
			if off >= 0 && off < size {
				m.write(off, p[:min(int64(len(p)), size-off)])
			}
		}
		place(offA, a)
		place(offB, b)
		place(offC, c)
		r := &countingReader{image: m, t: t}
		found, err := signature.Probe(r, size)
		if err != nil {
			t.Fatal(err)
		}
		r.check()
		last := int64(0)
		for _, got := range found {
			if got.Offset < last || got.Offset >= size {
				t.Errorf("%+v after byte %d of %d", got, last, size)
			}
			last = got.Offset
			if got.Kind == 0 || got.Type == "" || strings.HasPrefix(got.Kind.String(), "kind ") {
				t.Errorf("%+v is not named", got)
			}
			for _, s := range []string{got.Label, got.UUID} {
				if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r != unicode.ReplacementChar && !unicode.IsPrint(r) }) || len(s) > 1024 {
					t.Errorf("%q cannot be printed", s)
				}
			}
		}
		if again, _ := signature.Probe(m, size); !reflect.DeepEqual(found, again) {
			t.Errorf("found %v, then %v", found, again)
		}
	})
}
