// SPDX-License-Identifier: GPL-2.0-or-later

package problem

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Compare orders places as reports list them: by device, structure and tree,
// then by block, key, inode and name. It is 0 for equal places only, so that
// two readings of a volume can be compared by what they found where.
func (p *Place) Compare(o *Place) int {
	return cmp.Or(
		cmp.Compare(p.Device, o.Device),
		cmp.Compare(p.Structure, o.Structure),
		compareBool(p.InTree, o.InTree),
		cmp.Compare(p.Tree, o.Tree),
		cmp.Compare(p.RID, o.RID),
		cmp.Compare(p.Nr, o.Nr),
		cmp.Compare(p.Blkno, o.Blkno),
		cmp.Compare(p.Blocks, o.Blocks),
		compareBool(p.HasKey, o.HasKey),
		p.Key.Compare(o.Key),
		cmp.Compare(p.Ino, o.Ino),
		cmp.Compare(p.Name, o.Name),
		cmp.Compare(p.Field, o.Field),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// String names the place from the whole to the part: "metadata block 1028 of
// item_root of 00f1c95ae4e6dd0b.3, key 16.1.4.0.0.0, inode 1, field size".
func (p *Place) String() string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	whole := strings.Join(words(p.Structure, p.where(), p.tree()), " ")
	if whole != "" {
		add("%s", whole)
	}
	if p.HasKey {
		add("key %s", p.Key)
	}
	if p.Ino != 0 {
		add("inode %d", p.Ino)
	}
	if p.Name != "" {
		add("name %q", p.Name)
	}
	if p.Field != "" {
		add("field %s", p.Field)
	}
	return strings.Join(parts, ", ")
}

// words returns those that are not empty.
func words(all ...string) []string {
	return slices.DeleteFunc(all, func(w string) bool { return w == "" })
}

// where names the blocks, or the device if it is about no block.
func (p *Place) where() string {
	device := [...]string{"", "metadata", "data"}[min(p.Device, DataDevice)]
	text := ""
	switch {
	case p.Blocks == 0 && device != "":
		text = device + " device"
	case p.Blocks == 1:
		text = strings.TrimSpace(fmt.Sprintf("%s block %d", device, p.Blkno))
	case p.Blocks > 1:
		text = strings.TrimSpace(fmt.Sprintf("%s blocks %d to %d", device, p.Blkno, p.Blkno+p.Blocks-1))
	}
	if text != "" && p.Structure != "" {
		return "in " + text
	}
	return text
}

func (p *Place) tree() string {
	if !p.InTree {
		return ""
	}
	text := p.Tree.String()
	if p.RID != 0 {
		text += fmt.Sprintf(" of %016x.%d", p.RID, p.Nr)
	}
	if p.Blocks > 0 || p.Structure != "" {
		return "of " + text
	}
	return text
}
