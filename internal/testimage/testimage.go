// SPDX-License-Identifier: GPL-2.0-or-later

// Package testimage gives tests volumes that upstream wrote: images from its
// kernel module and samples from its tools, each with what upstream printed
// for them. They are not part of this repository; a test that asks for one
// where there is none is skipped, with the reason.
//
// Images are NAME.tar.zst in the folder SCOUTFS_TEST_IMAGES, by default images
// in the folder shared beside the repository. Samples are NAME.meta.zst with
// companions in SCOUTFS_TEST_SAMPLES, by default design/samples there.
//
// Both are unpacked once, as sparse files, into scoutfs-test-images in the
// user's cache folder, where all test binaries share them; delete the folder
// to get the space back. Devices of many GiB occupy a few MiB there. Nothing
// may write to them: a test that writes does so through a layer above or a
// copy.
package testimage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Image is one volume: paths of its files. A file that the volume comes
// without has an empty path.
type Image struct {
	Name     string
	Dir      string // folder of the unpacked files
	Meta     string // metadata device
	Data     string // data device
	Print    string // upstream's `scoutfs print` of Meta
	PrintS   string // upstream's `scoutfs print -S` of Meta
	Manifest string // what upstream's kernel showed through a mount
	// ExpectedPrint is what `scoutfs print` should say where upstream's own
	// never ends.
	ExpectedPrint string
}

// Each runs f as one subtest for every image, named after it. It skips t if
// there are no images.
func Each(t *testing.T, f func(t *testing.T, img Image)) {
	t.Helper()
	each(t, images, f)
}

// EachSample runs f as one subtest for every sample, named after it. It
// skips t if there are no samples.
func EachSample(t *testing.T, f func(t *testing.T, img Image)) {
	t.Helper()
	each(t, samples, f)
}

// Get returns the named image. It skips tb if there are no images, and fails
// tb if there are some but not this one.
func Get(tb testing.TB, name string) Image {
	tb.Helper()
	return get(tb, images, name)
}

// Sample returns the named sample, as Get does for images.
func Sample(tb testing.TB, name string) Image {
	tb.Helper()
	return get(tb, samples, name)
}

// UnpackAll unpacks all images and samples there are, so that tests do not have
// to: the race detector makes that many times slower.
func UnpackAll() error {
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	for _, c := range []collection{images, samples} {
		dir, err := c.folder()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		names, err := c.names(dir)
		if err != nil {
			return err
		}
		for _, name := range names {
			if _, err := c.unpack(cache, dir, name); err != nil {
				return fmt.Errorf("unpack %s: %w", name, err)
			}
		}
	}
	return nil
}

func each(t *testing.T, c collection, f func(t *testing.T, img Image)) {
	t.Helper()
	dir := c.need(t)
	names, err := c.names(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatalf("%s holds no %s (files *%s)", dir, c.what, c.suffix)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			f(t, open(t, c, dir, name))
		})
	}
}

func get(tb testing.TB, c collection, name string) Image {
	tb.Helper()
	return open(tb, c, c.need(tb), name)
}

// open unpacks a volume unless that was done before.
func open(tb testing.TB, c collection, dir, name string) Image {
	tb.Helper()
	cache, err := cacheDir()
	if err != nil {
		cache = tb.TempDir()
	}
	unpacked, err := c.unpack(cache, dir, name)
	if err != nil {
		tb.Fatalf("unpack %s: %v", name, err)
	}
	return c.image(name, unpacked)
}

// collection is a folder of packed volumes of one form.
type collection struct {
	what      string   // plural, for people
	env       string   // environment variable with the folder
	fallback  string   // folder relative to the one named shared beside the repository
	suffix    string   // of the one file that every volume has
	companion []string // suffixes of files that it may have besides
	files     map[string]func(*Image) *string
}

var images = collection{
	what:     "images",
	env:      "SCOUTFS_TEST_IMAGES",
	fallback: "images",
	suffix:   ".tar.zst",
	files: map[string]func(*Image) *string{
		"meta.img":     func(i *Image) *string { return &i.Meta },
		"data.img":     func(i *Image) *string { return &i.Data },
		"print.txt":    func(i *Image) *string { return &i.Print },
		"print-S.txt":  func(i *Image) *string { return &i.PrintS },
		"manifest.txt": func(i *Image) *string { return &i.Manifest },
	},
}

var samples = collection{
	what:      "samples",
	env:       "SCOUTFS_TEST_SAMPLES",
	fallback:  "design/samples",
	suffix:    ".meta.zst",
	companion: []string{".data.zst", ".print", ".print.zst", ".print-S", ".print-S.zst", ".expected-print.zst"},
	files: map[string]func(*Image) *string{
		"meta":           func(i *Image) *string { return &i.Meta },
		"data":           func(i *Image) *string { return &i.Data },
		"print":          func(i *Image) *string { return &i.Print },
		"print-S":        func(i *Image) *string { return &i.PrintS },
		"expected-print": func(i *Image) *string { return &i.ExpectedPrint },
	},
}

// need returns the collection's folder, or skips tb.
func (c *collection) need(tb testing.TB) string {
	tb.Helper()
	dir, err := c.folder()
	if err != nil {
		tb.Skipf("no %s of upstream volumes: %v (set %s to their folder)", c.what, err, c.env)
	}
	return dir
}

func (c *collection) folder() (string, error) {
	dir := os.Getenv(c.env)
	if dir == "" {
		root, err := repositoryRoot()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(filepath.Dir(root), "shared", filepath.FromSlash(c.fallback))
	}
	_, err := os.Stat(dir)
	return dir, err
}

// unpack returns the folder of the volume's unpacked files.
func (c *collection) unpack(cache, dir, name string) (string, error) {
	sources, err := c.sources(dir, name)
	if err != nil {
		return "", err
	}
	return unpackOnce(cache, c.what+"-"+name, sources)
}

// names lists the volumes in a folder, sorted.
func (c *collection) names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), c.suffix); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

// sources returns the files that make up a volume.
func (c *collection) sources(dir, name string) ([]string, error) {
	main := filepath.Join(dir, name+c.suffix)
	if _, err := os.Stat(main); err != nil {
		return nil, fmt.Errorf("no %q among the %s: %w", name, c.what, err)
	}
	sources := []string{main}
	for _, suffix := range c.companion {
		path := filepath.Join(dir, name+suffix)
		if _, err := os.Stat(path); err == nil {
			sources = append(sources, path)
		}
	}
	return sources, nil
}

// image finds the volume's files among the unpacked ones.
func (c *collection) image(name, dir string) Image {
	img := Image{Name: name, Dir: dir}
	for file, field := range c.files {
		path := filepath.Join(dir, file)
		if _, err := os.Stat(path); err == nil {
			*field(&img) = path
		}
	}
	return img
}

// repositoryRoot is the nearest folder above the test's that has a go.mod.
func repositoryRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no go.mod above the test's folder")
		}
		dir = parent
	}
}
