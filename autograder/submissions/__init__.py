"""Collection of submissions: read untrusted files safely, find the student, keep every submission.

In the order in which a submission passes through:

    paths.py      turn a file name into a safe relative path, or reject it
    entries.py    files of a folder or archive: safe names, and readers of their contents
    folder.py     list the files of a folder, never following links
    archive.py    list the files of a zip, trusting none of its headers
    people.py     find a student by name, number or address
    senders.py    find the sender of each file from Canvas, Moodle, nbgrader or other file names
    arrivals.py   find the time of submission
    unpacking.py  remove zips and folders around the files
    taking.py     write one student's files to our folder, within the limits
    notebooks.py  give the notebooks to grade the names that the assignment gave them
    shelf.py      store every submission, and place the newest in `submitted/`
    deciding.py   decide whether a submission is new or known
    report.py     report of a collection
"""
