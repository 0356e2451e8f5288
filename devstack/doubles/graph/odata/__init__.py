"""The part of OData 4.01 that the directory's endpoints speak: paths, filters, query options and pages."""
