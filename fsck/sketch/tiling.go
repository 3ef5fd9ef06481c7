// SPDX-License-Identifier: GPL-2.0-or-later

package sketch

// Tiling tells whether extents cover a range exactly once, in constant
// memory. Each extent is an edge from its start to its end. The sum of
// h(start) - h(end) is that of an edge from the range's start to its end
// only if as many edges leave each point as reach it, but for these two: then
// the edges are a path between them and cycles. All edges lead upwards, so
// that there are no cycles, and a path that climbs from one end to the other
// touches every block once.
type Tiling struct{ sum uint64 }

// Add takes the extent of the blocks [start, end). end must be greater.
func (t *Tiling) Add(m *Mixer, start, end uint64) { t.sum += point(m, start) - point(m, end) }

// Merge takes the extents of another Tiling.
func (t *Tiling) Merge(o *Tiling) { t.sum += o.sum }

// Covers reports whether the extents cover the blocks [start, end) once each
// and nothing else.
func (t *Tiling) Covers(m *Mixer, start, end uint64) bool {
	if start >= end {
		return t.sum == 0
	}
	return t.sum == point(m, start)-point(m, end)
}

func point(m *Mixer, block uint64) uint64 { return m.Two(block, 0x7c1) }
