// SPDX-License-Identifier: GPL-2.0-or-later

package print_test

import (
	"context"
	"io"
	"testing"

	"scoutfs/internal/testimage"
	"scoutfs/print"
)

// BenchmarkVolume prints the largest image from a warm page cache.
func BenchmarkVolume(b *testing.B) {
	meta := openImage(b, testimage.Get(b, "many").Meta)
	for name, form := range map[string]print.Format{"text": print.Text, "jsonl": print.JSONL} {
		b.Run(name, func(b *testing.B) {
			var items uint64
			for b.Loop() {
				result, err := print.Volume(context.Background(), meta, io.Discard, print.Options{Format: form})
				if err != nil {
					b.Fatal(err)
				}
				items = result.Items
			}
			b.ReportMetric(float64(items)*float64(b.N)/b.Elapsed().Seconds(), "items/s")
		})
	}
}
