// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"slices"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

// span is a run of blocks in one state.
type span struct {
	start, length uint64
	flags         uint8
}

const flagUnwritten = format.ExtentUnwritten

// spans returns a file's extents without their places on the device, those
// that go on joined.
func (v *writing) spans(ino uint64) (list []span) {
	v.tb.Helper()
	v.view(func(f *fs.FS) {
		for _, e := range all(v.tb, f.Extents(v.ctx, ino, 0)) {
			if n := len(list); n > 0 && list[n-1].start+list[n-1].length == e.Logical && list[n-1].flags == e.Flags {
				list[n-1].length += e.Len
				continue
			}
			list = append(list, span{e.Logical, e.Len, e.Flags})
		}
	})
	return list
}

// TestPreallocation writes single blocks, as upstream's test data-prealloc
// does, or runs of them, and looks at what was allocated.
func TestPreallocation(t *testing.T) {
	t.Parallel()
	type write struct{ block, count uint64 }
	sequence := func(n uint64) (list []write) {
		for i := range n {
			list = append(list, write{i, 1})
		}
		return list
	}
	streaming := fs.WriterOptions{Preallocation: 32}
	anywhere := fs.WriterOptions{Preallocation: 32, PreallocateAnywhere: true}
	tests := []struct {
		name   string
		opts   fs.WriterOptions
		writes []write
		want   []span
	}{
		{"first block", streaming, sequence(1), []span{{0, 1, 0}}},
		{"second block", streaming, sequence(2), []span{{0, 2, 0}}},
		{"third block", streaming, sequence(3), []span{{0, 3, 0}, {3, 1, flagUnwritten}}},
		{"grows with the file", streaming, sequence(5), []span{{0, 5, 0}, {5, 3, flagUnwritten}}},
		{"no more than the limit", streaming, sequence(65), []span{{0, 65, 0}, {65, 31, flagUnwritten}}},
		{"at once as block by block", streaming, []write{{0, 65}}, []span{{0, 65, 0}, {65, 31, flagUnwritten}}},
		{"no streaming", streaming, []write{{0, 4}, {8, 1}}, []span{{0, 4, 0}, {8, 1, 0}}},
		{"no streaming in a sparse file", streaming, []write{{1, 4}, {5, 1}}, []span{{1, 5, 0}}},
		{"up to the next extent", streaming, []write{{12, 1}, {0, 9}, {9, 1}, {10, 1}}, []span{{0, 11, 0}, {12, 1, 0}}},
		{"no streaming before other blocks", streaming, []write{{20, 3}, {0, 8}, {8, 3}, {11, 1}}, []span{{0, 12, 0}, {20, 3, 0}}},
		{"regions, first block", anywhere, []write{{5, 1}}, []span{{5, 1, 0}}},
		{"regions, as many as are online", anywhere, []write{{5, 4}, {64, 1}}, []span{{5, 4, 0}, {64, 1, 0}, {65, 3, flagUnwritten}}},
		{"regions, around the block", anywhere, []write{{0, 8}, {64 + 7, 1}}, []span{{0, 8, 0}, {64, 7, flagUnwritten}, {71, 1, 0}}},
		{"regions, moved to the block", anywhere, []write{{0, 4}, {64 + 7, 1}}, []span{{0, 4, 0}, {64 + 4, 3, flagUnwritten}, {71, 1, 0}}},
		{"regions, behind an extent", anywhere, []write{{0, 32}, {64, 1}, {64 + 32, 1}}, []span{{0, 32, 0}, {64, 1, 0}, {65, 31, flagUnwritten}, {96, 1, 0}, {97, 31, flagUnwritten}}},
		{"regions, to the next extent", anywhere, []write{{70, 32}, {64, 1}}, []span{{64, 1, 0}, {65, 5, flagUnwritten}, {70, 32, 0}, {102, 20, flagUnwritten}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newWriting(t, testlog.Options{}, test.opts)
			ino := v.create(1, "f", 0o644)
			for _, w := range test.writes {
				_, err := v.Write(v.ctx, fs.ReadWrite(ino), pattern(int(w.count*blockSize)), w.block*blockSize)
				v.must(err)
			}
			if got := v.spans(ino); !slices.Equal(got, test.want) {
				t.Errorf("extents are %v, want %v", got, test.want)
			}
			v.check()
		})
	}
}

// TestLargeExtents shows that data that is written at once lies together.
func TestLargeExtents(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	ino := v.create(1, "f", 0o644)
	p := pattern(20<<20 + 1)
	n, err := v.Write(v.ctx, fs.ReadWrite(ino), p, 0)
	v.must(err)
	if n != len(p) {
		t.Errorf("wrote %d bytes", n)
	}
	v.view(func(f *fs.FS) {
		if list := all(t, f.Extents(v.ctx, ino, 0)); len(list) > 4 {
			t.Errorf("%d extents", len(list))
		}
	})
	// What was preallocated goes when the size is set, though it stays the same.
	v.must(v.Truncate(v.ctx, rootCaller(), ino, uint64(len(p))))
	if got, want := v.spans(ino), []span{{0, 5<<10 + 1, 0}}; !slices.Equal(got, want) {
		t.Errorf("extents are %v, want %v", got, want)
	}
	v.check()
}
