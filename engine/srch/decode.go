// SPDX-License-Identifier: GPL-2.0-or-later

package srch

import (
	"fmt"

	"scoutfs/engine/format"
)

// Decoder decodes a leaf's entries one after another, in the order in which
// they were encoded (docs/format.md 8.2). It is safe on any bytes.
type Decoder struct {
	b    *format.SrchBlock
	end  int // of the entries, in Data
	off  int // of the next entry
	left uint32
	prev format.SrchEntry
	bad  *format.CorruptError
}

// NewDecoder returns a decoder that stands before the first entry.
func NewDecoder(b *format.SrchBlock) Decoder {
	d := Decoder{b: b, end: int(b.EntryBytes.Get()), left: b.EntryNr.Get()}
	if d.end > len(b.Data) {
		d.fail("entry_bytes", fmt.Sprint(d.end), fmt.Sprintf("at most %d", len(b.Data)))
	}
	return d
}

// Next decodes the next entry. ok is false after the last one, and when Err
// says so.
func (d *Decoder) Next() (e format.SrchEntry, ok bool) {
	if d.left == 0 || d.bad != nil {
		if d.bad == nil && d.off != d.end {
			d.fail("entry_bytes", fmt.Sprint(d.end), fmt.Sprintf("%d, the end of the last entry", d.off))
		}
		return format.SrchEntry{}, false
	}
	if d.off > format.SrchBlockSafeBytes {
		d.fail("entry", fmt.Sprintf("at byte %d", d.off), fmt.Sprintf("at most %d", format.SrchBlockSafeBytes))
		return format.SrchEntry{}, false
	}
	e, n, ok := format.DecodeSrchEntry(d.b.Data[d.off:d.end], d.prev)
	if !ok {
		d.fail("entry", fmt.Sprintf("cut off at byte %d", d.end), fmt.Sprintf("%d more entries", d.left))
		return format.SrchEntry{}, false
	}
	d.off += n
	d.left--
	d.prev = e
	return e, true
}

// Offset returns the byte offset of the next entry among the entries.
func (d *Decoder) Offset() int { return d.off }

// Err returns what is wrong with the encoding, once Next has returned false;
// nil if there were exactly as many entries and bytes as the leaf says. It
// is a [*format.CorruptError].
func (d *Decoder) Err() error {
	if d.bad == nil {
		return nil
	}
	return d.bad
}

func (d *Decoder) fail(field, found, expected string) {
	d.bad = leafError(d.b, field, found, expected)
}

func leafError(b *format.SrchBlock, field, found, expected string) *format.CorruptError {
	return &format.CorruptError{
		Structure: "srch block",
		Place:     fmt.Sprintf("meta blkno %d", b.Hdr.Blkno.Get()),
		Field:     field,
		Found:     found,
		Expected:  expected,
	}
}
