// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk

import (
	"slices"

	"scoutfs/engine/format"
)

// extent is one of a file's, with its place on the data device.
type extent struct {
	file  format.Extent // blocks of the file
	flags uint8
	blkno uint64 // 0 for none
}

// mapped reports whether the extent takes blocks of the device, whether or
// not it has got them yet.
func (e *extent) mapped() bool { return e.flags != format.ExtentOffline }

// layout appends the extents of a regular file without places, and returns
// its size in bytes. Written again, a file has others.
func (m *model) layout(extents []extent, f uint64, again bool) ([]extent, uint64) {
	salt := uint64(saltData)
	if again {
		salt = saltRewrite
	}
	x := m.random(f, salt)
	length := extentLength(mix(x, 1))
	kind := x % 1000
	add := func(start, n uint64, flags uint8) {
		extents = append(extents, extent{file: format.Extent{Start: start, Len: n}, flags: flags})
	}
	end := length // of what the size covers
	switch {
	case kind < 40:
		return extents, 0
	case kind < 650:
		add(0, length, 0)
	case kind < 700: // preallocated past its end
		add(0, length, 0)
		add(length, 2048-length%2048, format.ExtentUnwritten)
	case kind < 900: // released
		add(0, length, format.ExtentOffline)
	case kind < 920: // partly staged
		add(0, length, 0)
		add(length, 3*length, format.ExtentOffline)
		end = 4 * length
	case kind < 925: // being staged
		add(0, length, format.ExtentOffline|format.ExtentUnwritten)
		add(length, length, format.ExtentOffline)
		end = 2 * length
	case kind == 925: // many small ones
		end = 0
		for i := range 50 + x>>32%1500 {
			add(end+i%3, 1+i%8, 0)
			end += i%3 + 1 + i%8
		}
	default: // some, with holes
		end = 0
		for i := range 2 + x>>32%7 {
			n := extentLength(mix(x, i+2))
			end += mix(x, i) % 2 * n
			add(end, n, 0)
			end += n
		}
	}
	return extents, end*format.SmallBlockSize - x>>40%format.SmallBlockSize
}

// extentLength is mostly some blocks, sometimes many.
func extentLength(x uint64) uint64 {
	y := x >> 8
	switch n := x % 100; {
	case n < 60:
		return 1 + y%8
	case n < 90:
		return 9 + y%56
	case n < 99:
		return 65 + y%960
	}
	return 1025 + y%3072
}

// places hands out the blocks of the data device to extents, in the order of
// the files; every walk over all files gets the same. There are two regions,
// and neighbours in a file lie in different ones, so that they cannot be
// merged.
type places struct {
	region [2]uint64 // next block of each
	taken  uint64    // extents so far
	free   *dataSpace
}

func newPlaces(files uint64, free *dataSpace) places {
	return places{region: [2]uint64{format.FirstDataBlkno, format.FirstDataBlkno + regionBlocks(files)}, free: free}
}

// place gives all extents that need it their blocks. Those that are dropped
// are in use by a version of the file that is gone, so they are free.
func (p *places) place(extents []extent, dropped bool) {
	for i := range extents {
		e := &extents[i]
		if !e.mapped() {
			continue
		}
		at := &p.region[i%2]
		if p.taken++; p.taken%61 == 0 {
			gap := 1 + mix(p.taken, saltGap)%16
			p.release(i%2, format.Extent{Start: *at, Len: gap})
			*at += gap
		}
		e.blkno = *at
		if dropped {
			p.release(i%2, format.Extent{Start: *at, Len: e.file.Len})
		}
		*at += e.file.Len
	}
}

func (p *places) release(region int, e format.Extent) {
	if p.free != nil {
		p.free.add(region, e)
	}
}

// dataSpace is the free extents of each region, in order.
type dataSpace [2][]format.Extent

// add adds an extent that lies behind all of its region.
func (s *dataSpace) add(region int, e format.Extent) { s[region] = joinExtent(s[region], e) }

// joinExtent appends an extent, or makes the last one longer if they touch.
func joinExtent(extents []format.Extent, e format.Extent) []format.Extent {
	if n := len(extents); n > 0 && extents[n-1].End()+1 == e.Start {
		extents[n-1].Len += e.Len
		return extents
	}
	return append(extents, e)
}

// all returns every free extent, the ends of the regions included.
func (s *dataSpace) all(p *places, files uint64) []format.Extent {
	var extents []format.Extent
	for region := range s {
		end := format.FirstDataBlkno + uint64(region+1)*regionBlocks(files)
		for _, e := range s[region] {
			extents = joinExtent(extents, e)
		}
		if at := p.region[region]; at < end {
			extents = joinExtent(extents, format.Extent{Start: at, Len: end - at})
		}
	}
	return slices.Clip(extents)
}
