// SPDX-License-Identifier: GPL-2.0-or-later

package problem

import (
	"cmp"
	"fmt"
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
// item_root of 00f1c95ae4e6dd0b.3, key 16.1.4.0.0.0, inode 1, field size". The
// device is left out where nothing but the metadata device can be meant.
func (p *Place) String() string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if whole := p.whole(); whole != "" {
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

// whole names blocks, tree and structure as far as they are known.
func (p *Place) whole() string {
	device := [...]string{"", "metadata", "data"}[min(p.Device, DataDevice)]
	blocks := ""
	switch {
	case p.Blocks == 1:
		blocks = strings.TrimSpace(fmt.Sprintf("%s block %d", device, p.Blkno))
	case p.Blocks > 1:
		blocks = strings.TrimSpace(fmt.Sprintf("%s blocks %d to %d", device, p.Blkno, p.Blkno+p.Blocks-1))
	}
	tree := p.tree()
	switch {
	case blocks != "" && tree != "" && p.Structure != "":
		return blocks + " of " + tree + " in " + p.Structure
	case blocks != "" && tree != "":
		return blocks + " of " + tree
	case tree != "" && p.Structure != "":
		return tree + " in " + p.Structure
	case blocks != "" && p.Structure != "":
		return p.Structure + " in " + blocks
	case p.Structure != "" && p.Device == DataDevice:
		return p.Structure + " of the data device"
	case blocks+tree+p.Structure == "" && device != "" && !p.HasKey && p.Ino == 0:
		return device + " device"
	}
	return blocks + tree + p.Structure
}

func (p *Place) tree() string {
	if !p.InTree {
		return ""
	}
	text := p.Tree.String()
	if p.RID != 0 {
		text += fmt.Sprintf(" of %016x.%d", p.RID, p.Nr)
	}
	return text
}
