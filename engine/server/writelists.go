// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"context"

	"scoutfs/engine/format"
)

// writeLists writes the two lists that the commit has allocated from and freed
// to. It comes last, when nothing but their own blocks is taken any more.
func (s *settlement) writeLists(ctx context.Context) error {
	m := s.lists
	m.floor = 0
	// From here on the first block must do: what another one would add to the
	// freed blocks would find no place.
	least := int(s.from.keep()) + len(m.freed)/format.AllocListEntries + listBlocks
	if err := m.advance(ctx, min(least, format.AllocListEntries)); err != nil {
		return err
	}
	if !m.avail.Ref.IsZero() {
		m.freed = append(m.freed, m.avail.Ref.Blkno)
	}
	if err := s.writeFreed(ctx); err != nil {
		return err
	}
	block, ref, err := s.Blocks.New(ctx, format.MagicAllocList)
	if err != nil {
		return err
	}
	m.avail.Ref = ref // and without it among the entries
	if err := m.avail.Fill(block); err != nil {
		return err
	}
	active := s.from.active
	s.Super.ServerMetaAvail[active], s.Super.ServerMetaFreed[active] = m.avail.Head(), m.old.Head()
	s.chooseActive()
	return nil
}

// writeFreed adds what was freed to the list of the active pair. A first block
// with few free places is left as it is, with new ones before it; so are those
// that get full.
func (s *settlement) writeFreed(ctx context.Context) error {
	m := s.lists
	if m.old.Changed || !m.old.Ref.IsZero() && format.AllocListEntries-len(m.old.Entries) >= newFreedBlock {
		m.freed = append(m.freed, m.old.Ref.Blkno)
	} else {
		m.old.Next, m.old.Rest, m.old.Entries = m.old.Ref, m.old.Total(), nil
	}
	for first := true; first || len(m.freed) > 0; first = false {
		if !first {
			m.old.Next, m.old.Rest, m.old.Entries = m.old.Ref, m.old.Total(), nil
		}
		n := min(len(m.freed), format.AllocListEntries-len(m.old.Entries))
		m.old.Entries = append(m.old.Entries, m.freed[:n]...)
		m.freed = m.freed[n:]
		if err := s.writeList(ctx, m.old); err != nil {
			return err
		}
	}
	return nil
}

// chooseActive makes the pairs change places, unless space is so short that the
// other one could not be filled and has less.
func (s *settlement) chooseActive() {
	here, there := s.Super.ServerMetaAvail[s.from.active].TotalNr.Get(), s.Super.ServerMetaAvail[s.next.active].TotalNr.Get()
	if there < format.MetaAvailFillLow && there < here {
		s.next.active = s.from.active
	}
}
