// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"iter"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
)

// listing says how the answers of one question are written in each form.
type listing[T any] struct {
	columns []output.Column
	// text writes an answer as upstream does; i counts answers from 0.
	text func(out *output.Writer, i int, v T)
	row  func(v T) []string // a table's cells
	json func(v T) any
}

// write writes all answers in the form that the user asked for, each as soon
// as it is known except in a table. Answers before an error are written.
func (l listing[T]) write(env *cli.Env, answers iter.Seq2[T, error]) error {
	out := env.Output()
	switch out.Form() {
	case output.Table:
		table := out.Table(l.columns...)
		err := l.each(answers, func(_ int, v T) error {
			table.Row(l.row(v)...)
			return nil
		})
		if closeErr := table.Close(); err == nil {
			err = closeErr
		}
		return err
	case output.JSON, output.JSONL:
		list := out.List()
		if err := l.each(answers, func(_ int, v T) error { return list.Add(l.json(v)) }); err != nil {
			return err
		}
		return list.Close()
	}
	return l.each(answers, func(i int, v T) error {
		l.text(out, i, v)
		return out.Err()
	})
}

func (l listing[T]) each(answers iter.Seq2[T, error], do func(int, T) error) error {
	i := 0
	for v, err := range answers {
		if err == nil {
			err = do(i, v)
		}
		if err != nil {
			return err
		}
		i++
	}
	return nil
}

// reportsList declares that a command can report in every form.
func reportsList(cmd *cobra.Command) {
	cli.Reports(cmd, output.Table, output.JSON, output.JSONL)
}
