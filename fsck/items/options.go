// SPDX-License-Identifier: GPL-2.0-or-later

package items

import (
	"scoutfs/engine/btree"
	"scoutfs/fsck/problem"
	"scoutfs/fsck/structure"
	"scoutfs/progress"
)

// Options say what is checked and with what means.
type Options struct {
	// Volume is what the check of the structure has found out. Keys that
	// turn out to be unknown are added to its Unknown.
	Volume *structure.Result
	// Leaf checks the leaves of fs_root and log trees; see
	// [structure.Checker.Leaf]. It may be nil. It is called at least once for
	// each leaf, seldom twice, and counts the progress of the first pass.
	Leaf func(tree structure.TreeID, at btree.Block, err error) bool
	// SeqWrong is asked after all leaves; see [structure.Checker.SeqWrong].
	// It may be nil.
	SeqWrong func() bool
	// Search has the entries of the search files. Without it they are not
	// compared.
	Search *Search
	// Report takes the findings. It may be called from many goroutines.
	Report problem.Reporter
	// Progress counts the bytes of leaves, in one phase or, if anything
	// differs, two. It may be nil.
	Progress progress.Sink
	// Workers is how many goroutines work; 0 is GOMAXPROCS.
	Workers int
	// Memory bounds what directories and records that are sorted may take,
	// in bytes; 0 is DefaultMemory.
	Memory int64
	// TempDir is where records go that do not fit; "" is os.TempDir.
	TempDir string
	// Seed makes the sketches those of this check; it should be random.
	Seed uint64
}

// DefaultMemory is 512 MiB.
const DefaultMemory = 512 << 20

// Facts are what a check has counted.
type Facts struct {
	// Items are those of the merged view, Inodes the inodes among them.
	Items, Inodes uint64
	// The inodes by type.
	Directories, Files, Symlinks, Specials uint64
	// Orphans are inodes without links.
	Orphans uint64
	// Names are entries of directories, Xattrs extended attributes, whole
	// ones only.
	Names, Xattrs uint64
	// Extents are those of files. The blocks are small blocks of the data
	// device but for Offline, which are of the archive.
	Extents, Online, Unwritten, Offline uint64
	// Unjudged are inodes that are known, and were not judged because some
	// of their items are not.
	Unjudged uint64
}

// add adds what another goroutine has counted.
func (f *Facts) add(o *Facts) {
	f.Items += o.Items
	f.Inodes += o.Inodes
	f.Directories += o.Directories
	f.Files += o.Files
	f.Symlinks += o.Symlinks
	f.Specials += o.Specials
	f.Orphans += o.Orphans
	f.Names += o.Names
	f.Xattrs += o.Xattrs
	f.Extents += o.Extents
	f.Online += o.Online
	f.Unwritten += o.Unwritten
	f.Offline += o.Offline
	f.Unjudged += o.Unjudged
}
