// SPDX-License-Identifier: GPL-2.0-or-later

package testimage

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// pattern is a mostly empty device: runs of data around block borders, and
// an odd length.
func pattern() []byte {
	b := make([]byte, 3*copyUnit+777)
	for _, r := range [][2]int{{0, 10}, {holeUnit - 1, holeUnit + 1}, {copyUnit + 5*holeUnit, copyUnit + 7*holeUnit}, {len(b) - 3, len(b)}} {
		for i := r[0]; i < r[1]; i++ {
			b[i] = byte(i%251) + 1
		}
	}
	return b
}

func TestSparseCopyKeepsBytesAndHoles(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]byte{
		"empty":   {},
		"short":   []byte("hello"),
		"zeros":   make([]byte, 1<<20),
		"pattern": pattern(),
		"full":    bytes.Repeat([]byte{7}, copyUnit+1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "f")
			if err := writeSparse(file, bytes.NewReader(want)); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Error("copy differs")
			}
			if st, err := os.Stat(file); err != nil {
				t.Fatal(err)
			} else if sys, ok := st.Sys().(*syscall.Stat_t); name == "zeros" && ok && sys.Blocks > 64 {
				t.Errorf("1 MiB of zeros occupies %d sectors", sys.Blocks)
			}
		})
	}
}

func TestImageIsUnpackedOnceForAll(t *testing.T) {
	t.Parallel()
	dir, cache := t.TempDir(), t.TempDir()
	writeImage(t, filepath.Join(dir, "small.tar.zst"), map[string][]byte{
		"small/meta.img":  pattern(),
		"small/print.txt": []byte("super\n"),
	})
	sources, err := images.sources(dir, "small")
	if err != nil {
		t.Fatal(err)
	}

	var wg sync.WaitGroup
	folders := make([]string, 8)
	for i := range folders {
		wg.Go(func() {
			var err error
			if folders[i], err = unpackOnce(cache, "images-small", sources); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, f := range folders {
		if f != folders[0] {
			t.Errorf("unpacked into %s and %s", folders[0], f)
		}
	}
	if left, err := filepath.Glob(filepath.Join(cache, "unpacking-*")); err != nil || len(left) != 0 {
		t.Errorf("left over: %v, %v", left, err)
	}

	img := images.image("small", folders[0])
	if got, err := os.ReadFile(img.Meta); err != nil || !bytes.Equal(got, pattern()) {
		t.Errorf("meta device differs: %v", err)
	}
	if got, err := os.ReadFile(img.Print); err != nil || string(got) != "super\n" {
		t.Errorf("print is %q: %v", got, err)
	}
	if img.Data != "" || img.Manifest != "" {
		t.Errorf("absent files have paths %q, %q", img.Data, img.Manifest)
	}
}

func TestChangedImageIsUnpackedAnew(t *testing.T) {
	t.Parallel()
	dir, cache := t.TempDir(), t.TempDir()
	packed := filepath.Join(dir, "v.tar.zst")
	for _, want := range []string{"one", "another"} {
		writeImage(t, packed, map[string][]byte{"v/print.txt": []byte(want)})
		folder, err := unpackOnce(cache, "images-v", []string{packed})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(folder, "print.txt")); err != nil || string(got) != want {
			t.Errorf("print is %q (%v), want %q", got, err, want)
		}
	}
}

func TestSampleFilesAreFound(t *testing.T) {
	t.Parallel()
	dir, cache := t.TempDir(), t.TempDir()
	writePacked(t, filepath.Join(dir, "s.meta.zst"), pattern())
	writePacked(t, filepath.Join(dir, "s.print.zst"), []byte("packed print"))
	if err := os.WriteFile(filepath.Join(dir, "s.print-S"), []byte("plain"), 0o644); err != nil {
		t.Fatal(err)
	}
	sources, err := samples.sources(dir, "s")
	if err != nil {
		t.Fatal(err)
	}
	folder, err := unpackOnce(cache, "samples-s", sources)
	if err != nil {
		t.Fatal(err)
	}
	img := samples.image("s", folder)
	for file, want := range map[string]string{img.Meta: string(pattern()), img.Print: "packed print", img.PrintS: "plain"} {
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%q holds %d bytes (%v), want %d", file, len(got), err, len(want))
		}
	}
	if img.Data != "" || img.ExpectedPrint != "" {
		t.Errorf("absent files have paths %q, %q", img.Data, img.ExpectedPrint)
	}
}

func TestDamagedArchiveLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir, cache := t.TempDir(), t.TempDir()
	packed := filepath.Join(dir, "v.tar.zst")
	writeImage(t, packed, map[string][]byte{"v/meta.img": pattern()})
	b, err := os.ReadFile(packed)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(packed, b[:len(b)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := unpackOnce(cache, "images-v", []string{packed}); err == nil {
		t.Error("no error")
	}
	if left, err := filepath.Glob(filepath.Join(cache, "*v-*")); err != nil || len(left) != 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func TestEveryVolumeHasAMetadataDevice(t *testing.T) {
	for name, each := range map[string]func(*testing.T, func(*testing.T, Image)){"images": Each, "samples": EachSample} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, img Image) {
				t.Helper()
				t.Parallel()
				st, err := os.Stat(img.Meta)
				if err != nil {
					t.Fatal(err)
				}
				if sys, ok := st.Sys().(*syscall.Stat_t); ok && sys.Blocks*512 >= st.Size() {
					t.Errorf("%d bytes occupy %d: not sparse", st.Size(), sys.Blocks*512)
				}
				if img.Print == "" && img.ExpectedPrint == "" {
					t.Error("no print")
				}
			})
		})
	}
}

func writeImage(t *testing.T, name string, files map[string][]byte) {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for file, content := range files {
		if err := w.WriteHeader(&tar.Header{Name: file, Mode: 0o644, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	writePacked(t, name, b.Bytes())
}

func writePacked(t *testing.T, name string, content []byte) {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, z.EncodeAll(content, nil), 0o644); err != nil {
		t.Fatal(err)
	}
}
