// SPDX-License-Identifier: GPL-2.0-or-later

package changes

// dirPaths remembers paths of directories. It has two generations: new paths
// and those that are used go into the young one, and when that is full it
// becomes the old one, whose paths are forgotten.
type dirPaths struct {
	young, old map[uint64]string // by inode number
	bytes      int               // of young
}

const (
	maxGeneration = 4 << 20 // bytes
	entryBytes    = 64      // that an entry of a map takes, about
)

func (d *dirPaths) get(dir uint64) (path string, ok bool) {
	if path, ok = d.young[dir]; ok {
		return path, true
	}
	if path, ok = d.old[dir]; ok {
		d.put(dir, path)
	}
	return path, ok
}

func (d *dirPaths) put(dir uint64, path string) {
	size := len(path) + entryBytes
	if d.young == nil || d.bytes+size > maxGeneration {
		d.old, d.young, d.bytes = d.young, map[uint64]string{}, 0
	}
	d.young[dir] = path
	d.bytes += size
}

// forget makes the paths unknown, for directories may have been renamed.
func (d *dirPaths) forget() { *d = dirPaths{} }

// join appends a name to the path of a directory.
func join(dir, name string) string {
	if dir == "/" {
		return "/" + name
	}
	return dir + "/" + name
}
