// SPDX-License-Identifier: GPL-2.0-or-later

package signature_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"scoutfs/engine/device/signature"
)

// TestAgreesWithLibblkidsTests compares Probe with what libblkid's own tests expect of their images. It needs a checkout
// of util-linux, whose images are not ours to carry, and xz.
func TestAgreesWithLibblkidsTests(t *testing.T) {
	t.Parallel()
	tree := os.Getenv("UTIL_LINUX_SOURCE")
	if tree == "" {
		t.Skip("UTIL_LINUX_SOURCE does not name a checkout of util-linux")
	}
	images, err := filepath.Glob(filepath.Join(tree, "tests/ts/blkid/images-fs/*.img.xz"))
	if err != nil || len(images) == 0 {
		t.Fatalf("no images in %s: %v", tree, err)
	}
	// Formats that the package does not claim to know.
	unknown := regexp.MustCompile(`^(adaptec|hpt|jmicron|lsi|nvidia|promise|silicon|via).*raid|^(befs|bfs|cs_fvault2|hpfs|minix.*|` +
		`netware|romfs|ubi|ubifs|ufs|drbdmanage-control-volume)$`)
	// Labels that are not where we look, or not text without a code page.
	labelDiffers := map[string]bool{
		"bitlocker-win7":                 true, // among the metadata entries
		"exfat":                          true, // in a later cluster of the root directory
		"fat32_cp850_O_tilde":            true,
		"hfsplus":                        true, // in the catalog tree
		"iso-different-iso-joliet-label": true, // in the Joliet descriptor
		"iso-unicode-long-label":         true,
	}
	for _, path := range images {
		name := strings.TrimSuffix(filepath.Base(path), ".img.xz")
		expected, err := os.ReadFile(filepath.Join(tree, "tests/expected/blkid/low-probe-"+name))
		if err != nil {
			continue // images of several sessions, expected at each of them
		}
		want := udevValues(string(expected))
		// DRBD's images are one byte too long for a block device.
		if unknown.MatchString(name) || strings.HasPrefix(name, "drbd-") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image, err := exec.CommandContext(t.Context(), "xz", "-dc", path).Output()
			if err != nil {
				t.Fatal(err)
			}
			found, err := signature.Probe(bytes.NewReader(image), int64(len(image)))
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(found, func(f signature.Found) bool { return f.Type == want["FS_TYPE"] })
			if i < 0 {
				t.Fatalf("found %v, want %v", found, want)
			}
			label := want["FS_LABEL"]
			if labelDiffers[name] {
				label = found[i].Label
			}
			if !agrees(found[i], label, want["FS_UUID"]) || found[i].Damaged {
				t.Errorf("found %+v, want %v", found[i], want)
			}
		})
	}
}
