// SPDX-License-Identifier: GPL-2.0-or-later

package testimage

import (
	"archive/tar"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/klauspost/compress/zstd"
)

// maxWindow is the largest zstd window the volumes are packed with
// (`zstd --long=27`).
const maxWindow = 1 << 27

func cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "scoutfs-test-images")
	return dir, os.MkdirAll(dir, 0o755)
}

// unpackOnce unpacks sources into a folder of cache and returns it. The
// folder's name has a hash of the sources' names, sizes and times, so changed
// sources are unpacked anew. A lock file per volume lets one caller work while
// others, of this and of other processes, wait for the result.
func unpackOnce(cache, name string, sources []string) (dir string, err error) {
	var version []byte
	for _, s := range sources {
		st, err := os.Stat(s)
		if err != nil {
			return "", err
		}
		version = fmt.Appendln(version, filepath.Base(s), st.Size(), st.ModTime().UnixNano())
	}
	hash := sha256.Sum256(version)
	dir = filepath.Join(cache, fmt.Sprintf("%s-%x", name, hash[:8]))

	lock, err := os.OpenFile(filepath.Join(cache, name+".lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return "", err
	}
	defer lock.Close() // gives the lock back
	if err := flock(lock); err != nil {
		return "", fmt.Errorf("lock %s: %w", lock.Name(), err)
	}

	// The folder gets its name when it is complete.
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	tmp, err := os.MkdirTemp(cache, "unpacking-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	for _, s := range sources {
		if err := unpack(tmp, s); err != nil {
			return "", fmt.Errorf("%s: %w", s, err)
		}
	}
	return dir, os.Rename(tmp, dir)
}

func flock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// unpack writes what is in one packed file into dir: the files of a tar
// archive without their folders, or a single file named by the last part of
// the packed file's name that is not ".zst".
func unpack(dir, source string) error {
	f, err := os.Open(source)
	if err != nil {
		return err
	}
	defer f.Close()

	var r io.Reader = f
	name, packed := strings.CutSuffix(filepath.Base(source), ".zst")
	if packed {
		z, err := zstd.NewReader(f, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return err
		}
		defer z.Close()
		r = z
	}
	kind := name[strings.LastIndexByte(name, '.')+1:]
	if kind == "tar" {
		return unpackTar(dir, r)
	}
	return writeSparse(filepath.Join(dir, kind), r)
}

func unpackTar(dir string, r io.Reader) error {
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if h.FileInfo().Mode().IsRegular() {
			if err := writeSparse(filepath.Join(dir, path.Base(h.Name)), t); err != nil {
				return err
			}
		}
	}
}

const (
	copyUnit = 64 << 10 // read at once; small enough to stay in the processor's cache
	holeUnit = 4 << 10  // zeros of this length and alignment become a hole
)

// writeSparse copies r into a new file, leaving holes where r has zeros.
func writeSparse(name string, r io.Reader) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	defer f.Close()
	var buf, zeros [copyUnit]byte
	for off := int64(0); ; {
		n, err := io.ReadFull(r, buf[:])
		// The comparison is of arrays, which beats a byte loop by far.
		if n == copyUnit && buf != zeros || 0 < n && n < copyUnit {
			if err := writeUnits(f, buf[:n], off); err != nil {
				return err
			}
		}
		off += int64(n)
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return errors.Join(f.Truncate(off), f.Close())
		default:
			return err
		}
	}
}

// writeUnits writes the runs of b that are not zeros.
func writeUnits(f *os.File, b []byte, off int64) error {
	var zeros [holeUnit]byte
	isHole := func(i int) bool { return len(b)-i >= holeUnit && [holeUnit]byte(b[i:]) == zeros }
	for i := 0; i < len(b); {
		if isHole(i) {
			i += holeUnit
			continue
		}
		end := i
		for end < len(b) && !isHole(end) {
			end = min(end+holeUnit, len(b))
		}
		if _, err := f.WriteAt(b[i:end], off+int64(i)); err != nil {
			return err
		}
		i = end
	}
	return nil
}
