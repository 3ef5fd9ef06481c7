// SPDX-License-Identifier: GPL-2.0-or-later

package print_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testimage"
	"scoutfs/print"
)

// unpacked are the volumes of testdata by name, each unpacked once.
var unpacked sync.Map

// sample returns a volume of testdata in memory, which the test may change.
func sample(t testing.TB, name string) *device.Memory {
	t.Helper()
	once, _ := unpacked.LoadOrStore(name, sync.OnceValue(func() *device.Memory { return unpack(t, name) }))
	return device.NewOverlay(name, once.(func() *device.Memory)())
}

// unpack reads the metadata blocks of a volume that are not all zeros, each
// behind its number of 8 bytes: the gigabytes between them would take the race
// detector a minute.
func unpack(t testing.TB, name string) *device.Memory {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join("testdata", name+".blocks.zst"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	blocks, err := r.DecodeAll(packed, nil)
	if err != nil {
		t.Fatal(err)
	}
	const size = 2200 << 20
	mem := device.NewMemory(name, size)
	for len(blocks) > 0 {
		off := int64(binary.LittleEndian.Uint64(blocks)) * format.LargeBlockSize
		if _, err := mem.WriteAt(blocks[8:8+format.LargeBlockSize], off); err != nil {
			t.Fatal(err)
		}
		blocks = blocks[8+format.LargeBlockSize:]
	}
	return mem
}

func openImage(t testing.TB, path string) device.Device {
	t.Helper()
	d, err := device.Open(path, device.Options{Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// firstDifference cuts two long texts down to the first line that differs.
func firstDifference(got, want []byte) string {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d\n got: %s\nwant: %s", i+1, g[i], w[i])
		}
	}
	return "one is the beginning of the other"
}

func checkPrint(t *testing.T, meta device.Device, opts print.Options, wantFile string) print.Result {
	t.Helper()
	want, err := os.ReadFile(wantFile)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	result, err := print.Volume(context.Background(), meta, &out, opts)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("output differs from %s: %s", filepath.Base(wantFile), firstDifference(out.Bytes(), want))
	}
	return result
}

func TestTextOfImagesEqualsUpstreams(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Parallel()
		meta := openImage(t, img.Meta)
		var problems []error
		opts := print.Options{Problem: func(err error) { problems = append(problems, err) }}
		checkPrint(t, meta, opts, img.Print)
		if img.PrintS != "" {
			opts.SkipLikelyHuge = true
			checkPrint(t, meta, opts, img.PrintS)
		}
		if len(problems) > 0 {
			t.Errorf("%d problems in a sound volume, first: %v", len(problems), problems[0])
		}
	})
}

func TestTextOfSamplesEqualsUpstreams(t *testing.T) {
	t.Parallel()
	testimage.EachSample(t, func(t *testing.T, img testimage.Image) {
		t.Parallel()
		meta := openImage(t, img.Meta)
		for _, want := range []string{img.Print, img.ExpectedPrint} {
			if want != "" {
				checkPrint(t, meta, print.Options{}, want)
			}
		}
		if img.PrintS != "" {
			checkPrint(t, meta, print.Options{SkipLikelyHuge: true}, img.PrintS)
		}
	})
}

func TestTextOfEveryStructureEqualsUpstreams(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"restored-tree", "synthetic-all-items"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			meta := sample(t, name)
			checkPrint(t, meta, print.Options{}, filepath.Join("testdata", name+".print"))
			checkPrint(t, meta, print.Options{SkipLikelyHuge: true}, filepath.Join("testdata", name+".print-S"))
		})
	}
}

func TestProblemsAreNamedWithTheirPlace(t *testing.T) {
	t.Parallel()
	var got []string
	result := checkPrint(t, sample(t, "synthetic-all-items"),
		print.Options{SkipLikelyHuge: true, Problem: func(err error) { got = append(got, err.Error()) }},
		"testdata/synthetic-all-items.print-S")
	want := []string{
		"corrupt quorum block at blkno 18: crc is c3d7f5a8, expected 8942ec87",
		"corrupt btree block at meta blkno 1404 in mounted_clients: value length of item 28.6.0.0.0.0 is 5, expected 40 to 40",
		"corrupt btree block at meta blkno 1405 in log_merge: value length of item 60.9.0.5.0.0 is 3, expected 64 to 64",
		"corrupt btree block at meta blkno 1405 in log_merge: key of an item is 61.9.0.6.0.0 (unknown), expected a key of log_merge",
		"corrupt alloc list block at meta blkno 1416 in lt_meta_freed: start and nr is 8184 and 9, expected at most 8185 together",
	}
	if result.Problems != uint64(len(want)) || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got problems:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDataDeviceIsRefusedAfterItsSuper(t *testing.T) {
	t.Parallel()
	meta := sample(t, "synthetic-all-items")
	if _, err := meta.WriteAt(make([]byte, 8), 65536+48); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	_, err := print.Volume(context.Background(), meta, &out, print.Options{})
	if !errors.Is(err, print.ErrDataDevice) {
		t.Errorf("error is %v", err)
	}
	if text := out.String(); !strings.HasPrefix(text, "super blkno 16\n") || strings.Contains(text, "quorum blkno") {
		t.Errorf("output is %q", text)
	}
}

func TestCancelStopsThePrint(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	stop := writerFunc(func(p []byte) (int, error) {
		cancel()
		return len(p), nil
	})
	if _, err := print.Volume(ctx, sample(t, "restored-tree"), stop, print.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestWriteErrorEndsThePrint(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	bad := writerFunc(func([]byte) (int, error) { return 0, full })
	if _, err := print.Volume(context.Background(), sample(t, "restored-tree"), bad, print.Options{}); !errors.Is(err, full) {
		t.Errorf("error is %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
