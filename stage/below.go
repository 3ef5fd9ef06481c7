// SPDX-License-Identifier: GPL-2.0-or-later

package stage

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/walk/tree"
)

// Below returns the regular files at a path and below it. With a source, each
// has its archive copy at the same place below that. Other kinds of files have
// no data and are passed over; what cannot be read is an error beside its
// path.
func Below(ctx context.Context, t tree.Tree, root, source string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		n, err := t.Resolve(ctx, root, true)
		if err != nil {
			yield(File{Path: root}, err)
			return
		}
		// Below a mount other file systems can be mounted.
		_, oneVolume := t.(*tree.Devices)
		for found, err := range tree.Walk(ctx, t, n, tree.WalkOptions[struct{}]{}) {
			file := File{Path: found.Node.Path}
			if oneVolume {
				file.Ino = found.Node.Ino
			}
			if ctx.Err() != nil {
				return // each of the readers notices that by itself
			}
			if err == nil && found.Node.Type == 0 {
				err = fmt.Errorf("its type is not known: %w", syscall.EINVAL)
			}
			if err == nil && found.Node.Type != format.ModeRegular {
				continue
			}
			if source != "" {
				file.Source = source
				if rest := strings.TrimLeft(strings.TrimPrefix(file.Path, n.Path), "/"); rest != "" {
					file.Source = tree.Join(source, rest)
				}
			}
			if !yield(file, err) {
				return
			}
		}
	}
}
